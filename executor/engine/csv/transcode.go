package csv

import (
	"bytes"
	"errors"
	"io"
	"os"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

func decoderOf(encodingName string) *encoding.Decoder {
	switch encodingName {
	case encodingUTF16LE:
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewDecoder()
	case encodingUTF16BE:
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewDecoder()
	}
	return japanese.ShiftJIS.NewDecoder()
}

// transcode writes the data as UTF-8. It stops at the first byte that is not text in
// the encoding and returns its offset, -1 when there is none.
func transcode(w io.Writer, data []byte, encodingName string) (bad int, err error) {
	const block = 64 << 10
	decoder := decoderOf(encodingName)
	out := make([]byte, 3*block)
	for at := 0; at < len(data); {
		end := min(at+block, len(data))
		n, used, err := decoder.Transform(out, data[at:end], end == len(data))
		if err != nil && !errors.Is(err, transform.ErrShortSrc) {
			return -1, err
		}
		if badIndex(out[:n]) >= 0 {
			return at + firstBadIn(data[at:end], encodingName), nil
		}
		if _, err := w.Write(out[:n]); err != nil {
			return -1, err
		}
		at += used
	}
	return -1, nil
}

// badIndex finds what decoders write for bytes that mean nothing: U+FFFD, and for
// the byte 0x80 of cp932 the control character of that number.
func badIndex(text []byte) int {
	if i := bytes.Index(text, []byte("\uFFFD")); i >= 0 {
		return i
	}
	return bytes.Index(text, []byte("\u0080"))
}

// firstBadIn walks character by character through a block known to hold a bad byte.
func firstBadIn(block []byte, encodingName string) int {
	var out [8]byte
	for at := 0; at < len(block); {
		step := 0
		for size := 1; size <= 4 && step == 0; size++ {
			piece := block[at:min(at+size, len(block))]
			n, used, err := decoderOf(encodingName).Transform(out[:], piece, at+size >= len(block))
			if err == nil && used > 0 {
				if badIndex(out[:n]) >= 0 {
					return at
				}
				step = used
			}
		}
		at += max(step, 1)
	}
	return 0
}

// transcodeFile writes the data as UTF-8 to a new file.
func transcodeFile(path string, data []byte, encodingName string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := transcode(f, data, encodingName); err != nil {
		return err
	}
	return f.Close()
}

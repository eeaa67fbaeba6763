package csv

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"unicode/utf8"

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
func transcode(ctx context.Context, w io.Writer, data []byte, encodingName string) (bad int, err error) {
	const block = 64 << 10
	decoder := decoderOf(encodingName)
	out := make([]byte, 3*block)
	for at := 0; at < len(data); {
		if err := ctx.Err(); err != nil {
			return -1, err
		}
		end := min(at+block, len(data))
		n, used, err := decoder.Transform(out, data[at:end], end == len(data))
		if err != nil && !errors.Is(err, transform.ErrShortSrc) {
			return -1, err
		}
		if suspicious(out[:n]) {
			if i := firstBadIn(data[at:at+used], encodingName); i >= 0 {
				return at + i, nil
			}
		}
		if _, err := w.Write(out[:n]); err != nil {
			return -1, err
		}
		at += used
	}
	return -1, nil
}

// suspicious finds what decoders write for bytes that mean nothing: U+FFFD, and for
// the byte 0x80 of cp932 the control character of that number. UTF-16 can hold both as text.
func suspicious(text []byte) bool {
	return bytes.Contains(text, []byte("\uFFFD")) || bytes.Contains(text, []byte("\u0080"))
}

// firstBadIn walks character by character through a block of whole characters;
// -1 where it finds nothing bad.
func firstBadIn(block []byte, encodingName string) int {
	decoder := decoderOf(encodingName)
	var out [utf8.UTFMax]byte
	for at := 0; at < len(block); {
		size := characterSize(block[at:], encodingName)
		n, used, _ := decoder.Transform(out[:], block[at:at+size], true)
		if used != size || suspicious(out[:n]) && !meant(block[at:at+size], encodingName) {
			return at
		}
		at += size
	}
	return -1
}

// characterSize is how many bytes the first character should have.
func characterSize(block []byte, encodingName string) int {
	size := 1
	switch c := block[0]; {
	case encodingName == encodingUTF16LE && len(block) > 1 && block[1]&0xFC == 0xD8,
		encodingName == encodingUTF16BE && c&0xFC == 0xD8:
		size = 4
	case encodingName != encodingCP932:
		size = 2
	case c >= 0x81 && c <= 0x9F, c >= 0xE0:
		size = 2
	}
	return min(size, len(block))
}

// meant tells whether the bytes are themselves UTF-16 for one of the suspicious characters.
func meant(character []byte, encodingName string) bool {
	if encodingName == encodingCP932 || len(character) != 2 {
		return false
	}
	unit := binary.LittleEndian.Uint16(character)
	if encodingName == encodingUTF16BE {
		unit = binary.BigEndian.Uint16(character)
	}
	return unit == 0xFFFD || unit == 0x80
}

// transcoded is the data as UTF-8, by way of a new file that is gone when it is mapped. A bad
// byte is as for transcode.
func transcoded(ctx context.Context, path string, data []byte, encodingName string) (text mapped, bad int, err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, -1, err
	}
	defer os.Remove(path)
	bad, err = transcode(ctx, f, data, encodingName)
	if err = errors.Join(err, f.Close()); err != nil || bad >= 0 {
		return nil, bad, err
	}
	text, err = mapFile(path)
	return text, bad, err
}

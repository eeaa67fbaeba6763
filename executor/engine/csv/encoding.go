package csv

import (
	"bytes"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

// The encodings that a file can have, as they are reported.
const (
	encodingUTF8    = "utf-8"
	encodingUTF16LE = "utf-16le"
	encodingUTF16BE = "utf-16be"
	encodingCP932   = "cp932"
)

var byteOrderMarks = []struct{ mark, encoding string }{
	{"\xEF\xBB\xBF", encodingUTF8},
	{"\xFF\xFE", encodingUTF16LE},
	{"\xFE\xFF", encodingUTF16BE},
}

// verdict is a file's encoding, the bytes before the text, and where the text stops
// being that encoding (-1: nowhere).
type verdict struct {
	encoding string
	mark     int
	bad      int
}

// decide finds the encoding on the whole file, or checks the one that was named.
func decide(data []byte, named string) (verdict, *Fault) {
	want, ok := canonicalEncoding(named)
	if !ok {
		return verdict{}, optionFault("bad_choice", map[string]any{"choices": "auto, utf-8, utf-16, shift_jis, cp932"})
	}
	found := verdict{bad: -1}
	for _, b := range byteOrderMarks {
		if bytes.HasPrefix(data, []byte(b.mark)) {
			found.encoding, found.mark = b.encoding, len(b.mark)
			break
		}
	}
	switch {
	case found.mark > 0:
		if want != "" && !strings.HasPrefix(found.encoding, want) {
			return found, encodingFault(data, 0, found.encoding)
		}
	case want == "":
		return guess(data)
	case want == "utf-16":
		found.encoding = byteOrder(data)
	default:
		found.encoding = want
	}
	if found.bad = firstBad(data[found.mark:], found.encoding); found.bad >= 0 {
		found.bad += found.mark
		return found, encodingFault(data, found.bad, others(data, found.encoding)...)
	}
	return found, nil
}

func canonicalEncoding(named string) (string, bool) {
	switch strings.ToLower(named) {
	case "", "auto":
		return "", true
	case "utf-8", "utf8":
		return encodingUTF8, true
	case "utf-16", "utf16":
		return "utf-16", true
	case "shift_jis", "cp932":
		return encodingCP932, true
	}
	return "", false
}

// guess takes UTF-8 where the whole file is that, else cp932. A file that is neither
// is reported where the likelier of the two breaks off.
func guess(data []byte) (verdict, *Fault) {
	utf := firstBad(data, encodingUTF8)
	if utf < 0 {
		return verdict{encoding: encodingUTF8, bad: -1}, nil
	}
	jis := firstBad(data, encodingCP932)
	switch {
	case jis < 0:
		return verdict{encoding: encodingCP932, bad: -1}, nil
	case jis > utf:
		return verdict{}, encodingFault(data, jis, encodingCP932, encodingUTF8, "utf-16")
	}
	return verdict{}, encodingFault(data, utf, encodingUTF8, encodingCP932, "utf-16")
}

// others lists the encodings that the whole file could have instead; all but the
// failed one when none fits.
func others(data []byte, failed string) []string {
	all := []string{encodingUTF8, encodingCP932, "utf-16"}
	var fit, rest []string
	for _, e := range all {
		if strings.HasPrefix(failed, e) {
			continue
		}
		rest = append(rest, e)
		if e != "utf-16" && firstBad(data, e) < 0 {
			fit = append(fit, e)
		}
	}
	if len(fit) > 0 {
		return fit
	}
	return rest
}

// byteOrder guesses the order of unmarked UTF-16 by where the zero bytes of ASCII lie.
func byteOrder(data []byte) string {
	even, odd := 0, 0
	for i, c := range data[:min(len(data), 4096)] {
		if c == 0 && i%2 == 0 {
			even++
		} else if c == 0 {
			odd++
		}
	}
	if even > odd {
		return encodingUTF16BE
	}
	return encodingUTF16LE
}

func encodingFault(data []byte, at int, candidates ...string) *Fault {
	start := bytes.LastIndexByte(data[:at], '\n') + 1
	return &Fault{client.Problem{
		Code: core.CodeEncoding, Offset: int64(at),
		Line:   int64(bytes.Count(data[:start], []byte{'\n'})) + 1,
		Sample: sample(data[max(start, at-sampleRunes/2):]),
		Args:   map[string]any{"candidates": strings.Join(candidates, ", "), "offset": at},
	}}
}

// firstBad is the offset of the first byte that is not text in the encoding, -1 if all are.
func firstBad(data []byte, encoding string) int {
	if encoding == encodingUTF8 {
		return firstBadUTF8(data)
	}
	at, _ := transcode(discard{}, data, encoding)
	return at
}

// firstBadUTF8 looks at a block at a time, where utf8.Valid is fast.
func firstBadUTF8(data []byte) int {
	const block = 64 << 10
	for at := 0; at < len(data); {
		end := min(at+block, len(data))
		for end < len(data) && end > at && !utf8.RuneStart(data[end]) {
			end--
		}
		if !utf8.Valid(data[at:end]) {
			for at < len(data) {
				r, size := utf8.DecodeRune(data[at:])
				if r == utf8.RuneError && size <= 1 {
					return at
				}
				at += size
			}
		}
		if end == at {
			return at
		}
		at = end
	}
	return -1
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// notText tells whether the content is a picture, an archive or the like. Text can
// begin with any signature ("BM…" is a bitmap), so control bytes must agree.
func notText(data []byte) bool {
	head := data[:min(len(data), 512)]
	if bytes.HasPrefix(head, []byte("%PDF-")) {
		return true
	}
	kind := http.DetectContentType(head)
	if strings.HasPrefix(kind, "text/") || kind == "application/octet-stream" {
		return false
	}
	return bytes.ContainsFunc(head, func(r rune) bool { return r < 0x08 || r > 0x0D && r < 0x1B })
}

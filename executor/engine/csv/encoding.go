package csv

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"unicode/utf8"
)

// The encodings that a file can have, as they are reported.
const (
	encodingUTF8    = "utf-8"
	encodingUTF16   = "utf-16" // only named; found is one of the next two
	encodingUTF16LE = "utf-16le"
	encodingUTF16BE = "utf-16be"
	encodingCP932   = "cp932"
)

const (
	markUTF8   = "\uFEFF"
	headBytes  = 4096                               // of a file tell the order of its bytes
	separators = "\r\n,;\t|"                        // what stands between values
	oldOffice  = "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1" // .xls and the like
)

var byteOrderMarks = []struct{ mark, encoding string }{
	{markUTF8, encodingUTF8},
	{"\xFF\xFE", encodingUTF16LE},
	{"\xFE\xFF", encodingUTF16BE},
}

// verdict is a file's encoding and the bytes before the text.
type verdict struct {
	encoding string
	mark     int
	named    bool // by the import
	notUTF8  int  // where a guess at UTF-8 failed
}

// decide finds the encoding, or takes the one that was named. UTF-8 is checked on the
// whole file by so many cores, the others when they are decoded. What is wrong is a
// *Fault.
func decide(ctx context.Context, data []byte, named string, cores int) (verdict, error) {
	want, ok := canonicalEncoding(named)
	if !ok {
		return verdict{}, optionFault("bad_choice", map[string]any{"choices": "auto, utf-8, utf-16, shift_jis, cp932"})
	}
	v := marked(data)
	switch {
	case v.mark > 0 && want != "" && want != nameOf(v.encoding):
		return v, encodingFault(data, 0, v, nameOf(v.encoding)).because("named")
	case v.mark > 0:
	case want == "":
		return guess(data, cores)
	case want == encodingUTF16:
		v.encoding, v.named = byteOrder(data), true
	default:
		v.encoding, v.named = want, true
	}
	if v.encoding == encodingUTF8 {
		if bad := firstBadUTF8(data[v.mark:], cores); bad >= 0 {
			return v, v.broken(ctx, data, v.mark+bad)
		}
	}
	return v, nil
}

// broken is the error for a file that is not in the encoding from an offset on.
func (v verdict) broken(ctx context.Context, data []byte, bad int) error {
	switch {
	case v.mark > 0:
		return encodingFault(data, bad, v, nameOf(v.encoding)).because("damaged")
	case v.named:
		candidates, err := others(ctx, data, v.encoding)
		if err != nil {
			return err
		}
		return encodingFault(data, bad, v, candidates...).because("named")
	case bad > v.notUTF8:
		return encodingFault(data, bad, v, encodingCP932, encodingUTF8, encodingUTF16)
	}
	return notUTF8(data, v.notUTF8)
}

// marked is what a byte order mark says.
func marked(data []byte) verdict {
	for _, b := range byteOrderMarks {
		if bytes.HasPrefix(data, []byte(b.mark)) {
			return verdict{encoding: b.encoding, mark: len(b.mark)}
		}
	}
	return verdict{}
}

// nameOf is the name by which people ask for the encoding.
func nameOf(encoding string) string {
	if encoding == encodingUTF16LE || encoding == encodingUTF16BE {
		return encodingUTF16
	}
	return encoding
}

func canonicalEncoding(named string) (string, bool) {
	switch strings.ToLower(named) {
	case "", "auto":
		return "", true
	case "utf-8", "utf8":
		return encodingUTF8, true
	case "utf-16", "utf16":
		return encodingUTF16, true
	case "shift_jis", "cp932":
		return encodingCP932, true
	}
	return "", false
}

// guess takes UTF-8 where the whole file is that, else cp932. What begins as Japanese
// in UTF-8 and then breaks off is damaged UTF-8, even if it could be read as cp932:
// the other way round such a beginning hardly happens.
func guess(data []byte, cores int) (verdict, error) {
	if looksLikeUTF16(data) {
		return verdict{}, encodingFault(data, 0, verdict{encoding: byteOrder(data)}, encodingUTF16)
	}
	bad := firstBadUTF8(data, cores)
	switch {
	case bad < 0:
		return verdict{encoding: encodingUTF8}, nil
	case bytes.ContainsFunc(data[:bad], func(r rune) bool { return utf8.RuneLen(r) == 3 }):
		return verdict{}, notUTF8(data, bad)
	}
	return verdict{encoding: encodingCP932, notUTF8: bad}, nil
}

// notUTF8 is the fault of a file that was meant to be UTF-8, as far as one can guess.
func notUTF8(data []byte, bad int) *Fault {
	return encodingFault(data, bad, verdict{encoding: encodingUTF8}, encodingUTF8, encodingCP932, encodingUTF16)
}

// others lists the encodings that the whole file could have instead; all but the
// failed one when none fits.
func others(ctx context.Context, data []byte, failed string) ([]string, error) {
	var fit, rest []string
	for _, e := range []string{encodingUTF8, encodingCP932, encodingUTF16} {
		if e == nameOf(failed) {
			continue
		}
		rest = append(rest, e)
		if e == encodingUTF16 {
			continue // nearly every file could be that
		}
		bad, err := firstBad(ctx, data, e)
		if err != nil {
			return nil, err
		}
		if bad < 0 {
			fit = append(fit, e)
		}
	}
	if len(fit) > 0 {
		return fit, nil
	}
	return rest, nil
}

// byteOrder guesses the order of unmarked UTF-16 by its line ends and delimiters, else by
// where most zero bytes lie.
func byteOrder(data []byte) string {
	little, big := 0, 0
	head := data[:min(len(data), headBytes)]
	for i := 0; i+1 < len(head); i += 2 {
		if head[i+1] == 0 && strings.IndexByte(separators, head[i]) >= 0 {
			little++
		} else if head[i] == 0 && strings.IndexByte(separators, head[i+1]) >= 0 {
			big++
		}
	}
	if even, odd := zeros(data); big > little || big == little && even > odd {
		return encodingUTF16BE
	}
	return encodingUTF16LE
}

// looksLikeUTF16 tells whether the beginning is mostly ASCII in unmarked UTF-16.
func looksLikeUTF16(data []byte) bool {
	even, odd := zeros(data)
	return len(data)%2 == 0 && even+odd >= 4 && (even+odd)*4 >= min(len(data), headBytes) && min(even, odd) == 0
}

// zeros counts the zero bytes of the beginning at even and at odd offsets.
func zeros(data []byte) (even, odd int) {
	for i, c := range data[:min(len(data), headBytes)] {
		if c == 0 && i%2 == 0 {
			even++
		} else if c == 0 {
			odd++
		}
	}
	return even, odd
}

// firstBad is the offset of the first byte that is not text in the encoding, -1 if all are.
func firstBad(ctx context.Context, data []byte, encoding string) (int, error) {
	if encoding == encodingUTF8 {
		return firstBadUTF8(data, 1), nil
	}
	return transcode(ctx, io.Discard, data, encoding)
}

// firstBadUTF8 lets each core look at a stretch of the text.
func firstBadUTF8(data []byte, cores int) int {
	starts := []int{0}
	for i := 1; i < cores; i++ {
		if at := runeStart(data, len(data)/cores*i); at > starts[len(starts)-1] {
			starts = append(starts, at)
		}
	}
	found := make([]int, len(starts))
	var looking sync.WaitGroup
	for i, from := range starts {
		to := len(data)
		if i+1 < len(starts) {
			to = starts[i+1]
		}
		looking.Go(func() { found[i] = firstBadOf(data[from:to]) })
	}
	looking.Wait()
	for i, bad := range found {
		if bad >= 0 {
			return starts[i] + bad
		}
	}
	return -1
}

// runeStart is where the character begins that the offset lies in, the offset itself
// where the bytes there are no character.
func runeStart(data []byte, at int) int {
	for i := at; i > max(-1, at-utf8.UTFMax); i-- {
		if utf8.RuneStart(data[i]) {
			return i
		}
	}
	return at
}

// firstBadOf looks at a block at a time, where utf8.Valid is fast.
func firstBadOf(data []byte) int {
	const block = 64 << 10
	for at := 0; at < len(data); {
		end := min(at+block, len(data))
		if end < len(data) {
			end = runeStart(data, end)
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
		at = end
	}
	return -1
}

// notText tells whether the content is a picture, an archive or the like. Text can
// begin with any signature ("BM…" is a bitmap), so control bytes must agree.
func notText(data []byte) bool {
	head := data[:min(len(data), 512)]
	if bytes.HasPrefix(head, []byte("%PDF-")) || bytes.HasPrefix(head, []byte(oldOffice)) {
		return true
	}
	kind := http.DetectContentType(head)
	if strings.HasPrefix(kind, "text/") || kind == "application/octet-stream" {
		return false
	}
	return bytes.ContainsFunc(head, func(r rune) bool { return r < 0x08 || r > 0x0D && r < 0x1B })
}

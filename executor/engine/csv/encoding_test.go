package csv

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"
	"pgregory.net/rapid"

	"github.com/karuta-bi/karuta/internal/core"
)

const (
	le  = unicode.LittleEndian
	be  = unicode.BigEndian
	bom = "\uFEFF"
)

func cp932(s string) string {
	encoded, err := japanese.ShiftJIS.NewEncoder().String(s)
	if err != nil {
		panic(err)
	}
	return encoded
}

func utf16(order unicode.Endianness, s string) string {
	encoded, err := unicode.UTF16(order, unicode.IgnoreBOM).NewEncoder().String(s)
	if err != nil {
		panic(err)
	}
	return encoded
}

func TestEncodingIsFoundOrNamed(t *testing.T) { // DS-1, DS-3
	const text = "名前,値段\n①髙﨑～ｱｲｳ,1\n東京都,22\n"
	for name, c := range map[string]struct{ content, named, found string }{
		"UTF-8":               {text, "", "utf-8"},
		"UTF-8 in capitals":   {text, "UTF-8", "utf-8"},
		"UTF-8 marked":        {bom + text, "auto", "utf-8"},
		"UTF-8 marked, named": {bom + text, "utf-8", "utf-8"},
		"cp932":               {cp932(text), "", "cp932"},
		"cp932 named":         {cp932(text), "cp932", "cp932"},
		"Shift_JIS named":     {cp932(text), "Shift_JIS", "cp932"},
		"UTF-16LE marked":     {utf16(le, bom+text), "", "utf-16le"},
		"UTF-16BE marked":     {utf16(be, bom+text), "", "utf-16be"},
		"UTF-16LE twice":      {utf16(le, bom+text), "utf-16", "utf-16le"},
		"UTF-16LE named":      {utf16(le, text), "utf-16", "utf-16le"},
		"UTF-16BE named":      {utf16(be, text), "utf-16", "utf-16be"},
		"UTF-16LE zero bytes": {utf16(le, text+"一一一一一一一一一一一一一一一一一一一一,3\n"), "utf-16", "utf-16le"},
		"UTF-16BE zero bytes": {utf16(be, text+"一一一一一一一一一一一一一一一一一一一一,3\n"), "utf-16", "utf-16be"},
	} {
		t.Run(name, func(t *testing.T) {
			r := scanned(t, c.content, Options{CSVOptions: core.CSVOptions{Encoding: c.named}})
			if r.Encoding != c.found || !reflect.DeepEqual(names(r), []string{"名前", "値段"}) {
				t.Errorf("%s %q", r.Encoding, names(r))
			}
			if want := [][]string{{"①髙﨑～ｱｲｳ", "1"}, {"東京都", "22"}}; !reflect.DeepEqual(rowsOf(t, r)[:2], want) {
				t.Errorf("%q", rowsOf(t, r))
			}
		})
	}
	if r := scanned(t, "a,b\n1,2\n", Options{}); r.Encoding != "utf-8" {
		t.Errorf("ASCII is %s", r.Encoding)
	}
}

func TestEveryCharacterOfCP932(t *testing.T) {
	var content strings.Builder
	var want [][]string
	content.WriteString("c\n")
	add := func(bytes ...byte) {
		decoded, _ := japanese.ShiftJIS.NewDecoder().String(string(bytes))
		if !strings.ContainsAny(decoded, "\uFFFD\u0080") {
			content.WriteString(string(bytes) + "\n")
			want = append(want, []string{decoded})
		}
	}
	for lead := 0xA1; lead <= 0xDF; lead++ {
		add(byte(lead))
	}
	for lead := 0x81; lead <= 0xFC; lead++ {
		for trail := 0x40; trail <= 0xFC; trail++ {
			if (lead < 0xA0 || lead > 0xDF) && trail != 0x7F {
				add(byte(lead), byte(trail))
			}
		}
	}
	got := rowsOf(t, scanned(t, content.String(), Options{CSVOptions: core.CSVOptions{Encoding: "cp932", Delimiter: ","}}))
	if len(got) < 7000 || !reflect.DeepEqual(got, want) {
		t.Errorf("%d characters, want %d", len(got), len(want))
	}
	for bytes, want := range map[string]string{
		"\x87\x40": "①", "\xFB\xFC": "髙", "\xFA\xB1": "﨑", "\x81\x60": "～", "\xB1": "ｱ", "\x5C": `\`, "\xFA\x40": "ⅰ", "\x95\x5C": "表",
	} {
		r := scanned(t, "c\n"+bytes+"\n", Options{CSVOptions: core.CSVOptions{Encoding: "cp932"}})
		if got := rowsOf(t, r)[0][0]; got != want {
			t.Errorf("% X is %s, want %s", bytes, got, want)
		}
	}
}

func TestUTF16KeepsEveryCharacter(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		value := strings.Map(func(r rune) rune {
			if r == 0 || r == '\r' { // the one is a fault, the other encoding/csv drops before a line feed
				return 'x'
			}
			return r
		}, "v"+rapid.String().Draw(rt, "value")+"\uFFFD\u0080")
		order := rapid.SampledFrom([]unicode.Endianness{le, be}).Draw(rt, "order")
		text := "a,b\n1,\"" + strings.ReplaceAll(value, `"`, `""`) + "\"\n"
		r := scanned(t, utf16(order, bom+text), Options{})
		if got := rowsOf(t, r)[0][1]; got != value {
			rt.Fatalf("%q, want %q", got, value)
		}
	})
}

func TestBadBytesAreLocated(t *testing.T) { // DS-3
	long := strings.Repeat("東京都,大阪府\n", 5000) // more than one block of every encoding
	for name, c := range map[string]struct {
		content, named string
		offset, line   int64
		candidates     string
		sample         string
	}{
		"neither":                {"a,b\r\nx\xFFy,2\r\n", "", 6, 2, "utf-8, cp932, utf-16", "x\uFFFDy,2"},
		"UTF-8 broken off":       {"名前\nあいう\n東\x81\x40x\n", "", 20, 3, "utf-8, cp932, utf-16", "東\uFFFD@x"},
		"UTF-8 cut at the end":   {"名前\n東\xE4\xBA", "", 10, 2, "utf-8, cp932, utf-16", "東\uFFFD"},
		"UTF-8 late":             {"a,b\n" + long + "x\xFF", "utf-8", int64(4 + len(long) + 1), 5002, "cp932, utf-16", "x\uFFFD"},
		"UTF-8 after a mark":     {bom + "a\nb\xFF", "", 6, 2, "utf-8", "b\uFFFD"},
		"cp932 named UTF-8":      {cp932("a\n東京\n"), "utf-8", 2, 2, "cp932", "\uFFFD"},
		"cp932 late":             {cp932("名,b\n"+long) + "x\xFFy", "", int64(len(cp932("名,b\n"+long)) + 1), 5002, "cp932, utf-8, utf-16", "x\uFFFDy"},
		"cp932 half a character": {cp932("a\n東京") + "\x93", "cp932", 6, 2, "utf-8, utf-16", "東京\uFFFD"},
		"cp932 byte 80":          {cp932("a\n東京　") + "\x80\n", "cp932", 8, 2, "utf-8, utf-16", "東京　\uFFFD"},
		"cp932 user's own":       {cp932("a\n東京") + "\xF0\x40\n", "cp932", 6, 2, "utf-8, utf-16", "東京\uFFFD"},
		"UTF-8 named cp932":      {"a\r名\n", "cp932", 4, 2, "utf-8", "蜷\uFFFD"},
		"UTF-8 named UTF-16":     {"a,b\nc\nd", "utf-16", 6, 1, "utf-8, cp932", "ⱡ\u0A62\u0A63\uFFFD"},
		"UTF-16 odd":             {utf16(le, bom+"上\n東京") + "a", "", 10, 2, "utf-16", "東京\uFFFD"},
		"UTF-16 half a pair":     {utf16(be, "a\r\n上\r東") + "\xD8\x00\x00a", "utf-16", 12, 3, "cp932", "東\uFFFDa"},
		"UTF-16 lone low":        {utf16(le, "a\r東") + "\x00\xDCa\x00", "utf-16", 6, 2, "cp932", "東\uFFFDa"},
		"UTF-16 marked, cp932":   {utf16(le, bom+"a,上\n"), "cp932", 0, 1, "utf-16", "a,上"},
		"UTF-8 marked, UTF-16":   {bom + "a,b\n", "utf-16", 0, 1, "utf-8", "a,b"},
		"UTF-16 not named":       {utf16(be, "id,name\n1,上\n"), "", 0, 1, "utf-16", "id,name"},
	} {
		t.Run(name, func(t *testing.T) {
			f := faulty(t, c.content, Options{CSVOptions: core.CSVOptions{Encoding: c.named}})
			if f.Code != core.CodeEncoding || f.Offset != c.offset || f.Line != c.line || f.Args["candidates"] != c.candidates {
				t.Errorf("%s offset %d line %d %v", f.Code, f.Offset, f.Line, f.Args)
			}
			if f.Sample != c.sample {
				t.Errorf("sample %q, want %q", f.Sample, c.sample)
			}
			reason := ""
			if c.named != "" {
				reason = "named"
			} else if marked([]byte(c.content)).mark > 0 {
				reason = "damaged"
			}
			if f.Reason != reason {
				t.Errorf("reason %q, want %q", f.Reason, reason)
			}
		})
	}
}

// However many cores look, wherever their stretches begin, they find the first bad byte.
func TestManyCoresFindTheFirstBadByte(t *testing.T) {
	text := []byte("a東é🙂" + strings.Repeat("京", 3) + "\n")
	for at := range len(text) + 1 {
		for _, bad := range []string{"", "\xFF", "\x80", "\xE6\x9D", "\x80\x80\x80\x80\x80"} {
			data := slices.Concat(text[:at], []byte(bad), text[at:])
			want := 0
			for want < len(data) {
				r, size := utf8.DecodeRune(data[want:])
				if r == utf8.RuneError && size <= 1 {
					break
				}
				want += size
			}
			if want == len(data) {
				want = -1
			}
			for cores := range len(data) + 2 {
				if got := firstBadUTF8(data, cores); got != want {
					t.Fatalf("%q by %d cores: %d, want %d", data, cores, got, want)
				}
			}
		}
	}
}

func TestLinesAreCountedInAnyPieces(t *testing.T) {
	long := strings.Repeat("東", 100)
	for text, want := range map[string]struct {
		lines int64
		tail  string
	}{"": {0, ""}, "a\r\nb\rc\n\nd": {4, "d"}, "a\r\n": {1, ""}, "\r\r\n\n": {3, ""}, "a\n" + long: {1, long[:3*sampleRunes/2]}} {
		for size := 1; size < 4; size++ {
			var c lineCounter
			for rest := text; rest != ""; rest = rest[min(size, len(rest)):] {
				c.Write([]byte(rest[:min(size, len(rest))]))
			}
			if c.lines != want.lines || string(c.tail()) != want.tail {
				t.Errorf("%q by %d: %d, %q", text, size, c.lines, c.tail())
			}
		}
	}
}

func TestUnknownEncodingIsRefused(t *testing.T) {
	f := faulty(t, "a\n1\n", Options{CSVOptions: core.CSVOptions{Encoding: "latin-1"}})
	if f.Code != core.CodeValidation || f.Reason != "bad_choice" || !strings.Contains(f.Args["choices"].(string), "cp932") {
		t.Errorf("%+v", f)
	}
}

package engine

import (
	"database/sql"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/telemetry"
)

func TestMasks(t *testing.T) { // PII-5
	mask := newMasker(t)
	for _, c := range []struct {
		mask       core.Mask
		text, want string
	}{
		{core.MaskEmail, "taro@example.com", "t***@example.com"},
		{core.MaskEmail, "t@example.com", "t***@example.com"},
		{core.MaskEmail, "太郎.田中+x@例え.co.jp", "太***@例え.co.jp"},
		{core.MaskEmail, "taro＠example.com", "t***@example.com"},
		{core.MaskEmail, "TARO@EXAMPLE.COM", "T***@EXAMPLE.COM"},
		{core.MaskEmail, "taro.example.com", "***"},
		{core.MaskEmail, "taro@localhost", "***"},
		{core.MaskEmail, "@example.com", "***"},
		{core.MaskEmail, "taro@", "***"},
		{core.MaskEmail, "taro@example.", "***"},
		{core.MaskEmail, "taro@example..com", "***"},
		{core.MaskEmail, "taro@example.com, hana@example.com", "***"},
		{core.MaskEmail, "Taro <taro@example.com>", "***"},
		{core.MaskEmail, "a@b@example.com", "***"},
		{core.MaskEmail, "taro@example.com\n", "***"},
		{core.MaskEmail, "田中 太郎", "***"},
		{core.MaskEmail, "", "***"},

		{core.MaskPhone, "090-1234-5678", "090-****-5678"},
		{core.MaskPhone, "03-1234-5678", "03-****-5678"},
		{core.MaskPhone, "0123-45-6789", "0123-****-6789"},
		{core.MaskPhone, "090 1234 5678", "090-****-5678"},
		{core.MaskPhone, "09012345678", "090-****-5678"},
		{core.MaskPhone, "0312345678", "03-****-5678"},
		{core.MaskPhone, "+81-90-1234-5678", "+81-****-5678"},
		{core.MaskPhone, "+81 90 1234 5678", "+81-****-5678"},
		{core.MaskPhone, "+81-3-1234-5678", "+81-****-5678"},
		{core.MaskPhone, "+1 (212) 555-0100", "+1-****-0100"},
		{core.MaskPhone, "＋８１－９０－１２３４－５６７８", "+81-****-5678"},
		{core.MaskPhone, "０９０－１２３４－５６７８", "090-****-5678"},
		{core.MaskPhone, "０９０　１２３４　５６７８", "090-****-5678"},
		{core.MaskPhone, "０３１２３４５６７８", "03-****-5678"},
		{core.MaskPhone, "+1234567", "+1-****-4567"},
		{core.MaskPhone, "+81 (0)90-1234-5678", "***"},
		{core.MaskPhone, "090-1234-56789", "***"},
		{core.MaskPhone, "1234-5678", "***"},
		{core.MaskPhone, "内線 1234", "***"},
		{core.MaskPhone, "090-1234-5678 (自宅)", "***"},
		{core.MaskPhone, "090-1234-5678\n", "***"},
		{core.MaskPhone, "", "***"},

		{core.MaskName, "田中 太郎", "田中 *"},
		{core.MaskName, "田中　太郎", "田中 *"},
		{core.MaskName, "　田中　　太郎　", "田中 *"},
		{core.MaskName, "佐々木 ゆき子", "佐々木 *"},
		{core.MaskName, "スミス ジョン", "スミス *"},
		{core.MaskName, "O'Brien Pat", "O'Brien *"},
		{core.MaskName, "Saint-Exupéry Antoine de", "Saint-Exupéry *"},
		{core.MaskName, "田中太郎", "田 *"},
		{core.MaskName, "田中 ", "田 *"},
		{core.MaskName, "𠮷野家", "𠮷 *"},
		{core.MaskName, "Smith, John", "S *"},
		{core.MaskName, "taro@example.com (自宅)", "t *"},
		{core.MaskName, "090-1234-5678 田中", "***"},
		{core.MaskName, "🙂 太郎", "***"},
		{core.MaskName, " 　", "***"},
		{core.MaskName, "", "***"},

		{core.MaskAll, "東京都千代田区", "***"},
		{core.MaskAll, "", "***"},
		{"LATER", "taro@example.com", "***"},
	} {
		if got := mask(c.mask, c.text); got != c.want {
			t.Errorf("%s of %q is %q, not %q", c.mask, c.text, got, c.want)
		}
		if got := naiveMask(c.mask, c.text); got != c.want {
			t.Errorf("naively %s of %q is %q, not %q", c.mask, c.text, got, c.want)
		}
	}
}

// What the log masks, a dataset masks in the same way.
func TestMasksOfDataAreThoseOfTheLog(t *testing.T) {
	mask := newMasker(t)
	for _, text := range []string{"taro@example.com", "太郎＠例え.jp"} {
		if got, want := mask(core.MaskEmail, text), telemetry.Mask(text); got != want {
			t.Errorf("%q: %q, in the log %q", text, got, want)
		}
	}
	for _, text := range []string{"090-1234-5678", "03-1234-5678", "09012345678", "0312345678", "+81-90-1234-5678", "0120 123 4567"} {
		if got, want := mask(core.MaskPhone, text), telemetry.Mask(text); got != want {
			t.Errorf("%q: %q, in the log %q", text, got, want)
		}
	}
	for _, text := range []string{"田中 太郎", "田中　太郎", " 田中 太郎", "田中", "Yamada Taro"} {
		if got, want := mask(core.MaskName, text), telemetry.MaskName(text); got != want {
			t.Errorf("%q: %q, in the log %q", text, got, want)
		}
	}
}

func TestMasksOfRandomTexts(t *testing.T) {
	mask := newMasker(t)
	piece := rapid.SampledFrom([]string{"taro", "田中", "太郎", "a", "é", "か\u3099", "'", "-", ".", "@", "＠", " ", "　", "\t", "\n", "\u2028", "+", "(", ")",
		"0", "090", "03", "81", "1234", "5678", "12", "9", "０", "９", "－", "＋", "example.com", "%", "_", "🙂", "*", "$", `\1`, ","})
	rapid.Check(t, func(rt *rapid.T) {
		text := strings.Join(rapid.SliceOfN(piece, 0, 8).Draw(rt, "pieces"), "")
		for _, m := range []core.Mask{core.MaskEmail, core.MaskPhone, core.MaskName, core.MaskAll} {
			if got, want := mask(m, text), naiveMask(m, text); got != want {
				rt.Errorf("%s of %q is %q, not %q", m, text, got, want)
			}
		}
	})
}

func TestMasksOfNullsAndOfOtherTypes(t *testing.T) {
	db := bareDuckDB(t)
	columns := []core.Column{{Type: core.TypeString}, {Type: core.TypeInt64}, {Type: core.TypeFloat64}, {Type: core.TypeBool},
		{Type: core.TypeDate}, {Type: core.TypeDatetime}, {Type: core.TypeDatetime, Zoned: true}}
	wantTypes := []string{"VARCHAR", "BIGINT", "DOUBLE", "BOOLEAN", "DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE"}
	for _, m := range []core.Mask{core.MaskEmail, core.MaskPhone, core.MaskName, core.MaskAll, "LATER"} {
		for i, c := range columns {
			value := masked(c, "v", m)
			var null bool
			var typ string
			err := db.QueryRow("SELECT ("+value+") IS NULL, typeof("+value+") FROM (SELECT CAST(NULL AS "+sqlType(c)+") AS v)").Scan(&null, &typ)
			if err != nil || !null || typ != wantTypes[i] {
				t.Errorf("%s of %s: %v, %s, %v", m, c.Type, null, typ, err)
			}
		}
		var null bool
		if err := db.QueryRow("SELECT (" + masked(columns[1], "v", m) + ") IS NULL FROM (SELECT 7 AS v)").Scan(&null); err != nil || !null {
			t.Errorf("%s shows a number: %v", m, err)
		}
	}
}

func bareDuckDB(t *testing.T) *sql.DB {
	t.Helper()
	db, err := open(t.Context(), access{dir: t.TempDir(), memoryMB: 256, threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// newMasker masks texts as the engine does.
func newMasker(t *testing.T) func(mask core.Mask, text string) string {
	db := bareDuckDB(t)
	return func(mask core.Mask, text string) (shown string) {
		t.Helper()
		query := "SELECT " + masked(core.Column{Type: core.TypeString}, "v", mask) + " FROM (SELECT CAST(? AS VARCHAR) AS v)"
		if err := db.QueryRow(query, text).Scan(&shown); err != nil {
			t.Fatal(err)
		}
		return shown
	}
}

// naiveMask says what a mask makes of a text, without SQL and regular expressions.
func naiveMask(mask core.Mask, text string) string {
	shown := ""
	switch mask {
	case core.MaskEmail:
		shown = naiveEmail(text)
	case core.MaskPhone:
		shown = naiveNumber(text)
	case core.MaskName:
		shown = naiveName(text)
	}
	if shown == "" {
		return "***"
	}
	return shown
}

func naiveEmail(text string) string {
	local, domain, _ := strings.Cut(strings.ReplaceAll(text, "＠", "@"), "@")
	labels := strings.Split(domain, ".")
	if !made(local, "._%+'-", isLetter, isDigit) || len(labels) < 2 {
		return ""
	}
	for _, label := range labels {
		if !made(label, "-", isLetter, isDigit) {
			return ""
		}
	}
	r, _ := utf8.DecodeRuneInString(local)
	return string(r) + "***@" + domain
}

func naiveName(text string) string {
	words := strings.FieldsFunc(text, unicode.IsSpace)
	if len(words) == 0 {
		return ""
	}
	first, _ := utf8.DecodeRuneInString(words[0])
	switch {
	case len(words) > 1 && made(words[0], "'’-", isLetter):
		return words[0] + " *"
	case isLetter(first):
		return string(first) + " *"
	}
	return ""
}

// isLetter tells whether a character is of a script that names are written in.
func isLetter(r rune) bool {
	for _, block := range [][2]rune{
		{'A', 'Z'}, {'a', 'z'}, {0xC0, 0x167F}, {0x1681, 0x1FFF}, {'々', 0x3007}, {'ぁ', 0x30FF}, {0x31F0, 0x31FF}, {0x3400, 0x4DBF}, {0x4E00, 0x9FFF},
		{'가', '힣'}, {0xF900, 0xFAFF}, {'Ａ', 'Ｚ'}, {'ａ', 'ｚ'}, {'ｦ', 'ﾟ'}, {0x20000, 0x323AF},
	} {
		if block[0] <= r && r <= block[1] {
			return true
		}
	}
	return false
}

func isDigit(r rune) bool { return '0' <= r && r <= '9' || '０' <= r && r <= '９' }

// made tells whether a text is of these characters alone, and not empty.
func made(text, others string, kinds ...func(rune) bool) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool {
		return !strings.ContainsRune(others, r) && !slices.ContainsFunc(kinds, func(is func(rune) bool) bool { return is(r) })
	})
}

func naiveNumber(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r >= '！' && r <= '～' && strings.ContainsRune("０１２３４５６７８９＋－（）", r):
			return r - '！' + '!'
		case r == '　':
			return ' '
		}
		return r
	}, text)
	const digits = "0123456789"
	gap, must := run{"- ", 0, 1}, run{"- ", 1, 1}
	few, four := run{digits, 1, 4}, run{digits, 4, 4}
	for kept := 5; kept > 0; kept-- { // the longest beginning
		if len(text) < kept+4 {
			continue
		}
		head, rest := text[:kept], text[kept:]
		plus := head[0] == '+' && kept <= 4 && follows(head[1:], run{digits, 1, 3}) &&
			follows(rest, gap, run{"(", 0, 1}, few, run{")", 0, 1}, gap, few, gap, four)
		parted := head[0] == '0' && kept >= 2 && follows(head[1:], few) && follows(rest, must, few, must, four)
		mobile := kept == 3 && slices.Contains([]string{"050", "070", "080", "090"}, head) && follows(rest, run{digits, 8, 8})
		fixed := kept == 2 && head[0] == '0' && head[1] != '0' && follows(rest, run{digits, 8, 8})
		if plus || parted || mobile || fixed && follows(head, run{digits, 2, 2}) {
			return head + "-****-" + text[len(text)-4:]
		}
	}
	return ""
}

// run is a number of characters of one kind.
type run struct {
	of          string
	least, most int
}

// follows tells whether a text consists of these runs, one after the other.
func follows(text string, runs ...run) bool {
	if len(runs) == 0 {
		return text == ""
	}
	for n := 0; n <= runs[0].most && n <= len(text); n++ {
		if n > 0 && !strings.Contains(runs[0].of, text[n-1:n]) {
			return false
		}
		if n >= runs[0].least && follows(text[n:], runs[1:]...) {
			return true
		}
	}
	return false
}

package engine

import (
	"fmt"
	"strings"

	"github.com/karuta-bi/karuta/internal/core"
)

// What the masks take for an address, a number and a name, as regular expressions.
// Addresses and numbers are those that the log masks too, but here the whole text
// has to be one: of anything else nobody knows which part gives somebody away.
const (
	emailForm = `[\p{L}\p{N}._%+'-]+[@＠][\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+`

	dashedForm = `0\d{1,4}-\d{1,4}-\d{4}`
	phoneForm  = `^(?:(\+\d{1,3})[- ]?\(?\d{1,4}\)?[- ]?\d{1,4}[- ]?(\d{4})` +
		`|(0\d{1,4})[- ]\d{1,4}[- ](\d{4})` +
		`|(0[5789]0)\d{4}(\d{4})` +
		`|(0[1-9])\d{4}(\d{4}))$`
	phoneShown = `\1\3\5\7-****-\2\4\6\8`

	blank      = `[\s\v\x{85}\p{Z}]`
	nonBlank   = `[^\s\v\x{85}\p{Z}]`
	word       = `[\p{L}\p{M}'’-]+`
	familyForm = `^` + blank + `*(` + word + `)` + blank + `+` + nonBlank // a word of letters before another one
	letterForm = `^` + blank + `*(\p{L})`
)

// masked is the value of a column under a mask: null for null and for what is not
// text, "***" for a text that is not of the mask's kind.
func masked(c core.Column, name string, mask core.Mask) string {
	if c.Type != core.TypeString {
		return "CAST(NULL AS " + sqlType(c) + ")"
	}
	shown := "NULL"
	switch mask {
	case core.MaskEmail:
		shown = emailShown(name)
	case core.MaskPhone:
		shown = numberShown(name)
	case core.MaskName:
		shown = nameShown(name)
	}
	return fmt.Sprintf("CASE WHEN %s IS NOT NULL THEN coalesce(%s, '***') END", name, shown)
}

// The usual form of each kind is found and taken apart without groups in regular
// expressions, which take DuckDB several times as long.

// emailShown keeps the first character and the domain.
func emailShown(text string) string {
	return fmt.Sprintf("CASE WHEN regexp_full_match(%[1]s, %[2]s) THEN left(%[1]s, 1) || '***@' ||"+
		" CASE WHEN contains(%[1]s, '@') THEN split_part(%[1]s, '@', 2) ELSE split_part(%[1]s, '＠', 2) END END", text, literal(emailForm))
}

// numberShown keeps the area code and the last four digits, written narrow.
func numberShown(text string) string {
	narrow := fmt.Sprintf("translate(%s, '０１２３４５６７８９＋－（）　', '0123456789+-() ')", text)
	return fmt.Sprintf("CASE WHEN regexp_full_match(%[1]s, %[2]s) THEN split_part(%[1]s, '-', 1) || '-****-' || right(%[1]s, 4)"+
		" WHEN regexp_matches(%[3]s, %[4]s) THEN regexp_replace(%[3]s, %[4]s, %[5]s) END",
		text, literal(dashedForm), narrow, literal(phoneForm), literal(phoneShown))
}

// nameShown keeps the family name, which comes first, or else the first letter.
func nameShown(text string) string {
	var b strings.Builder
	b.WriteString("CASE")
	for _, between := range []string{" ", "　"} {
		fmt.Fprintf(&b, " WHEN regexp_matches(%[1]s, %[2]s) THEN split_part(%[1]s, '%[3]s', 1)",
			text, literal("^"+word+between+nonBlank), between)
	}
	fmt.Fprintf(&b, " ELSE coalesce(nullif(regexp_extract(%[1]s, %[2]s, 1), ''), nullif(regexp_extract(%[1]s, %[3]s, 1), '')) END || ' *'",
		text, literal(familyForm), literal(letterForm))
	return b.String()
}

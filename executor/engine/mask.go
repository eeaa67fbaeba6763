package engine

import (
	"fmt"

	"github.com/karuta-bi/karuta/internal/core"
)

// What the masks take for an address, a number and a name, as regular expressions.
// Addresses and numbers are those that the log masks too, but here the whole text
// has to be one: of anything else nobody knows which part gives somebody away.
const (
	// letter is the inside of a class: the blocks of the scripts that names are
	// written in, marks included. DuckDB compiles an expression anew for each query,
	// and all letters of Unicode take it several times as long.
	letter = `A-Za-z\x{C0}-\x{36F}\x{370}-\x{167F}\x{1681}-\x{1FFF}\x{3005}-\x{3007}\x{3041}-\x{30FF}\x{31F0}-\x{31FF}\x{3400}-\x{4DBF}\x{4E00}-\x{9FFF}` +
		`\x{AC00}-\x{D7A3}\x{F900}-\x{FAFF}\x{FF21}-\x{FF3A}\x{FF41}-\x{FF5A}\x{FF66}-\x{FF9F}\x{20000}-\x{323AF}`
	digit = `0-9\x{FF10}-\x{FF19}`

	emailForm = `[` + letter + digit + `._%+'-]+[@＠][` + letter + digit + `-]+(?:\.[` + letter + digit + `-]+)+`

	dashedForm = `0\d{1,4}-\d{1,4}-\d{4}`
	phoneForm  = `^(?:(\+\d{1,3})[- ]?\(?\d{1,4}\)?[- ]?\d{1,4}[- ]?(\d{4})` +
		`|(0\d{1,4})[- ]\d{1,4}[- ](\d{4})` +
		`|(0[5789]0)\d{4}(\d{4})` +
		`|(0[1-9])\d{4}(\d{4}))$`
	phoneShown = `\1\3\5\7-****-\2\4\6\8`

	blank      = `[\s\v\x{85}\p{Z}]`
	nonBlank   = `[^\s\v\x{85}\p{Z}]`
	word       = `[` + letter + `'’-]+`
	familyForm = `^` + blank + `*(` + word + `)` + blank + `+` + nonBlank // a word of letters before another one
	letterForm = `^` + blank + `*([` + letter + `])`
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
	return fmt.Sprintf("CASE WHEN regexp_matches(%[1]s, %[2]s) THEN split_part(split_part(%[1]s, ' ', 1), '　', 1)"+
		" ELSE coalesce(nullif(regexp_extract(%[1]s, %[3]s, 1), ''), nullif(regexp_extract(%[1]s, %[4]s, 1), '')) END || ' *'",
		text, literal("^"+word+"[ 　]"+nonBlank), literal(familyForm), literal(letterForm))
}

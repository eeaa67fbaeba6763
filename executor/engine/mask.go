package engine

import (
	"fmt"

	"github.com/karuta-bi/karuta/internal/core"
)

// What the masks take for an address, a number and a name, as regular expressions.
// Addresses and numbers are those that the log masks too, but here the whole text
// has to be one: of anything else nobody knows which part gives somebody away.
const (
	emailForm = `[\p{L}\p{N}._%+'-]+[@＠][\p{L}\p{N}-]+(\.[\p{L}\p{N}-]+)+`

	phoneForm = `^(?:(\+\d{1,3})[- ]?\(?\d{1,4}\)?[- ]?\d{1,4}[- ]?(\d{4})` +
		`|(0\d{1,4})[- ]\d{1,4}[- ](\d{4})` +
		`|(0[5789]0)\d{4}(\d{4})` +
		`|(0[1-9])\d{4}(\d{4}))$`
	phoneShown = `\1\3\5\7-****-\2\4\6\8`

	blank      = `[\s\v\x{85}\p{Z}]`
	familyForm = `^` + blank + `*([\p{L}\p{M}'’-]+)` + blank + `+[^\s\v\x{85}\p{Z}]` // a word of letters before another one
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

// emailShown keeps the first character and the domain.
func emailShown(text string) string {
	return fmt.Sprintf("CASE WHEN regexp_full_match(%[1]s, %[2]s) THEN left(%[1]s, 1) || '***@' || split_part(translate(%[1]s, '＠', '@'), '@', 2) END",
		text, literal(emailForm))
}

// numberShown keeps the area code and the last four digits, written narrow.
func numberShown(text string) string {
	narrow := fmt.Sprintf("translate(%s, '０１２３４５６７８９＋－（）　', '0123456789+-() ')", text)
	return fmt.Sprintf("CASE WHEN regexp_matches(%[1]s, %[2]s) THEN regexp_replace(%[1]s, %[2]s, %[3]s) END",
		narrow, literal(phoneForm), literal(phoneShown))
}

// nameShown keeps the family name, which comes first, or else the first letter.
func nameShown(text string) string {
	return fmt.Sprintf("coalesce(nullif(regexp_extract(%[1]s, %[2]s, 1), ''), nullif(regexp_extract(%[1]s, %[3]s, 1), '')) || ' *'",
		text, literal(familyForm), literal(letterForm))
}

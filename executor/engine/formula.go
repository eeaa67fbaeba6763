package engine

import "strings"

// blanks may stand before what a spreadsheet takes for a formula.
const blanks = " \u00A0\u3000"

// plainText is a text that no spreadsheet takes for a formula: what begins like
// one, also in full width or after blanks, gets an apostrophe before it.
func plainText(text string) string {
	if text == "" {
		return text
	}
	switch begin := strings.TrimLeft(text, blanks); {
	case begin == "":
		return text
	case strings.ContainsRune("=+-@\t\r\n|%＝＋－＠", []rune(begin)[0]):
		return "'" + text
	}
	return text
}

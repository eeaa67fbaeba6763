package client

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/karuta-bi/karuta/internal/core"
)

// NamedColumns are the columns that a card's code seems to need: those whose names
// stand in it. It is a guess that costs time where it is wrong, and nothing else.
func NamedColumns(code string, columns []core.Column) []string {
	named := []string{}
	for _, c := range columns {
		if names(code, c.Name) {
			named = append(named, c.Name)
		}
	}
	return named
}

// names tells whether the name stands in the code and is not a part of a longer one.
func names(code, name string) bool {
	for from := 0; name != ""; {
		at := strings.Index(code[from:], name)
		if at < 0 {
			return false
		}
		start, end := from+at, from+at+len(name)
		if !joined(code[:start], name) && !joined(name, code[end:]) {
			return true
		}
		_, size := utf8.DecodeRuneInString(code[start:])
		from = start + size
	}
	return false
}

// joined tells whether two texts make one word where they meet.
func joined(left, right string) bool {
	last, _ := utf8.DecodeLastRuneInString(left)
	first, _ := utf8.DecodeRuneInString(right)
	return partOfWord(last) && partOfWord(first)
}

func partOfWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

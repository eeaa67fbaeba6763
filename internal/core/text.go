package core

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of the texts people write, in characters.
const (
	MaxName        = 200
	MaxDescription = 2000
)

// CheckName trims a name and checks it: 1 to [MaxName] characters on one line.
// Emoji and marks of right-to-left writing are text like any other.
func CheckName(field, s string) (string, error) { return CheckLine(field, s, MaxName) }

// CheckLine trims a line of text and checks it: 1 to limit characters, no
// control characters.
func CheckLine(field, s string, limit int) (string, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return "", Invalid(field, "required")
	}
	return s, checkText(field, s, limit, "")
}

// CheckText checks a text of at most limit characters, which may be empty and
// may have several lines.
func CheckText(field, s string, limit int) error { return checkText(field, s, limit, "\n\r\t") }

func checkText(field, s string, limit int, controls string) error {
	if utf8.RuneCountInString(s) > limit {
		return Invalid(field, "too_long", "max", limit)
	}
	for _, r := range s {
		if r == utf8.RuneError && !utf8.ValidString(s) || unicode.IsControl(r) && !strings.ContainsRune(controls, r) {
			return Invalid(field, "control_characters")
		}
	}
	return nil
}

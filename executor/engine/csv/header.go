package csv

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

const maxNameRunes = 200

// columnNames makes usable names of the header's texts: trimmed, on one line, none
// empty, none twice (upper and lower case count as the same). What had to be
// changed beyond trimming is reported as "header → name".
func columnNames(header []string) (names, renamed []string) {
	taken := map[string]bool{}
	for i, text := range header {
		plain := strings.TrimSpace(text)
		name := unique(cleanName(plain, i), taken)
		taken[strings.ToLower(name)] = true
		if name != plain {
			renamed = append(renamed, sample([]byte(plain))+" → "+name)
		}
		names = append(names, name)
	}
	return names, renamed
}

func cleanName(name string, i int) string {
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, name)
	if utf8.RuneCountInString(name) > maxNameRunes {
		name = string([]rune(name)[:maxNameRunes])
	}
	if name == "" {
		return numberedName(i)
	}
	return name
}

func unique(name string, taken map[string]bool) string {
	candidate := name
	for n := 2; taken[strings.ToLower(candidate)]; n++ {
		candidate = fmt.Sprintf("%s_%d", name, n)
	}
	return candidate
}

// numberedName is the name of a column that has none.
func numberedName(i int) string { return fmt.Sprintf("column_%d", i+1) }

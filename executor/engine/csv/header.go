package csv

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const maxNameRunes = 200

// readHeader finds the names, and where the data begins.
func (j *job) readHeader(s *scanner) error {
	if !s.skipBlank(len(s.text)) {
		return parseFault("empty", 0)
	}
	start, line := s.pos, s.line
	first, fault := s.record()
	if fault != nil {
		return j.locate(fault, 0)
	}
	if j.opts.Header != nil && !*j.opts.Header {
		for i := range first {
			j.names = append(j.names, numberedName(i))
		}
		j.start, j.line = start, line
	} else {
		j.names, j.result.Renamed = ColumnNames(first)
		j.start, j.line = s.pos, s.line
	}
	j.forced = make([]bool, len(j.names))
	for _, name := range j.opts.DateColumns {
		i := slices.Index(j.names, name)
		if i < 0 {
			return optionFault("unknown_column", map[string]any{"column": name})
		}
		j.forced[i] = true
	}
	return nil
}

// ColumnNames makes usable names of the header's texts: trimmed, on one line, none
// empty, none twice (upper and lower case count as the same). A name that has to be
// found never takes one that another column has. What had to be changed beyond
// trimming is reported as "header → name".
func ColumnNames(header []string) (names, renamed []string) {
	taken, given := map[string]bool{}, map[string]bool{}
	for _, text := range header {
		given[strings.ToLower(cleanName(text))] = true
	}
	for i, text := range header {
		name := cleanName(text)
		if name == "" {
			name = unused(numberedName(i), taken, given)
		} else if taken[strings.ToLower(name)] {
			name = unused(name, taken, given)
		}
		taken[strings.ToLower(name)] = true
		if plain := strings.TrimSpace(text); name != plain {
			renamed = append(renamed, Sample([]byte(plain))+" → "+name)
		}
		names = append(names, name)
	}
	return names, renamed
}

func cleanName(name string) string {
	name = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, name))
	if utf8.RuneCountInString(name) > maxNameRunes {
		name = strings.TrimSpace(string([]rune(name)[:maxNameRunes]))
	}
	return name
}

// unused is the name, or the name with a number, that is in none of the sets.
func unused(name string, sets ...map[string]bool) string {
	candidate := name
	for n := 2; slices.ContainsFunc(sets, func(set map[string]bool) bool { return set[strings.ToLower(candidate)] }); n++ {
		candidate = fmt.Sprintf("%s_%d", name, n)
	}
	return candidate
}

// numberedName is the name of a column that has none.
func numberedName(i int) string { return fmt.Sprintf("column_%d", i+1) }

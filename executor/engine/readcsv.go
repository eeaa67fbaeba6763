package engine

import (
	"fmt"
	"strings"

	"github.com/karuta-bi/karuta/executor/engine/csv"
	"github.com/karuta-bi/karuta/internal/core"
)

const (
	leastLine   = 2 << 20 // bytes that DuckDB makes room for
	leastBuffer = 8 << 20
)

// noNull is a text that no field holds, for imports where nothing means null.
const noNull = "\x01\x02\x01"

// internalName is a column's name while it is loaded.
func internalName(i int) string { return fmt.Sprintf("c%d", i) }

// selectCSV reads a part of the text with the types that the columns have, under
// the given names. Nothing is left to DuckDB's guessing.
func (l *loader) selectCSV(path string, names []string) string {
	types := make([]string, len(l.text.Columns))
	var values []string
	for i, c := range l.text.Columns {
		name := internalName(i)
		types[i] = literal(name) + ": " + literal(readType(c))
		if names[i] != "" {
			values = append(values, value(name, c)+" AS "+identifier(names[i]))
		}
	}
	return fmt.Sprintf("SELECT %s FROM read_csv(%s, columns = {%s}, %s)",
		strings.Join(values, ", "), literal(path), strings.Join(types, ", "), l.dialect())
}

// dialect says how the text is written. A record can be a little longer there
// than in the source, because stray quotes are doubled.
func (l *loader) dialect() string {
	nulls := l.text.Nulls
	if len(nulls) == 0 {
		nulls = []string{noNull}
	}
	line := max(leastLine, 2*l.text.Longest+2)
	return fmt.Sprintf(`auto_detect = false, header = false, delim = %s, quote = '"', escape = '"', new_line = '\n',`+
		` nullstr = [%s], allow_quoted_nulls = true, null_padding = false, ignore_errors = false, parallel = false,`+
		` max_line_size = %d, buffer_size = %d`,
		literal(l.text.Delimiter), literals(nulls), line, max(leastBuffer, 2*line))
}

// readType is the type under which the column is read.
func readType(c csv.Column) string {
	if c.Form != 0 {
		return "VARCHAR"
	}
	return sqlType(c.Column)
}

// value is the column's value. Dates in forms that DuckDB does not know are
// rewritten: 2024年1月2日, and offsets after minutes without seconds.
func value(name string, c csv.Column) string {
	text := name
	if c.Form&csv.FormKanji != 0 {
		text = fmt.Sprintf("translate(%s, '年月日', '--')", text)
	}
	if c.Form&csv.FormZonedMinute != 0 {
		text = fmt.Sprintf(`regexp_replace(%s, '^([^:]*:[0-9][0-9])([Z+-].*)$', '\1:00\2')`, text)
	}
	if text == name || c.Type == core.TypeString {
		return name
	}
	return fmt.Sprintf("CAST(%s AS %s)", text, sqlType(c.Column))
}

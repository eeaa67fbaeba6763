package engine

import (
	"bufio"
	"io"
	"strings"

	"golang.org/x/text/encoding/japanese"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/executor/engine/csv"
	"github.com/karuta-bi/karuta/internal/core"
)

// csvWriter writes CSV as RFC 4180 has it.
type csvWriter struct {
	out     *bufio.Writer
	columns []core.Column
	sjis    bool
	line    strings.Builder
}

func newCSVWriter(to io.Writer, encoding core.ExportEncoding) *csvWriter {
	w := &csvWriter{out: bufio.NewWriterSize(to, 256<<10), sjis: encoding == core.EncodingShiftJIS}
	if encoding == core.EncodingUTF8BOM {
		_, _ = w.out.WriteString("\uFEFF")
	}
	return w
}

func (w *csvWriter) header(columns []core.Column) error {
	w.columns = columns
	for i, c := range columns {
		w.field(i, plainText(c.Name), true)
	}
	return w.end()
}

func (w *csvWriter) row(values []*string) error {
	for i, v := range values {
		isText := w.columns[i].Type == core.TypeString
		switch {
		case v == nil:
			w.field(i, "", false)
		case isText:
			w.field(i, plainText(*v), true)
		default:
			w.field(i, *v, false)
		}
	}
	return w.end()
}

// field adds a field to the line. A text that is empty keeps its quotes, and so
// does a record of one empty field, which would be no record.
func (w *csvWriter) field(i int, value string, isText bool) {
	if i > 0 {
		w.line.WriteByte(',')
	}
	if isText && (value == "" || strings.ContainsAny(value, "\",\r\n") || value[0] == ' ' || value[len(value)-1] == ' ') {
		value = `"` + strings.ReplaceAll(value, `"`, `""`) + `"`
	}
	w.line.WriteString(value)
}

func (w *csvWriter) end() error {
	line := w.line.String()
	w.line.Reset()
	if w.sjis {
		encoded, err := japanese.ShiftJIS.NewEncoder().String(line)
		if err != nil {
			return unencodable(line)
		}
		line = encoded
	}
	_, _ = w.out.WriteString(line) // an error is kept for Flush
	_, err := w.out.WriteString("\r\n")
	return err
}

func (w *csvWriter) close() error { return w.out.Flush() }

// unencodable is the fault of a line with a character that Shift_JIS does not have.
func unencodable(line string) error {
	encoder := japanese.ShiftJIS.NewEncoder()
	for _, r := range line {
		if _, err := encoder.String(string(r)); err != nil {
			return exportFault("not_in_encoding", "character", csv.Sample([]byte(string(r))))
		}
	}
	return exportFault("not_in_encoding", "character", "")
}

// exportFault is a VALIDATION_ERROR of data that does not fit its format.
func exportFault(reason string, name string, value any) error {
	return &csv.Fault{Problem: client.Problem{Code: core.CodeValidation, Reason: reason, Args: map[string]any{name: value}}}
}

package plain

import (
	"context"
	"io"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
)

// Writer is JSON that grows, with holes where open fields go.
type Writer struct {
	text  []byte
	holes []int // places in text, in order
	sink  context.Context
}

// Key begins a member of an object.
func (w *Writer) Key(s *Step) { w.text = append(w.text, s.key...) }

// End ends an object; of nothing where all its fields are skipped.
func (w *Writer) End(p *Plan) {
	if len(p.Steps) == 0 {
		w.text = append(w.text, '{')
	}
	w.text = append(w.text, '}')
}

// Begin begins a list.
func (w *Writer) Begin() { w.text = append(w.text, '[') }

// Next begins the i-th element of a list.
func (w *Writer) Next(i int) {
	if i > 0 {
		w.text = append(w.text, ',')
	}
}

// Close ends a list.
func (w *Writer) Close() { w.text = append(w.text, ']') }

// Null writes null.
func (w *Writer) Null() { w.text = append(w.text, "null"...) }

// Bool writes a Boolean.
func (w *Writer) Bool(v bool) { w.text = strconv.AppendBool(w.text, v) }

// Int writes a whole number.
func (w *Writer) Int(v int64) { w.text = strconv.AppendInt(w.text, v, 10) }

const hex = "0123456789ABCDEF"

// String writes a text, byte for byte as graphql.MarshalString does.
func (w *Writer) String(s string) {
	w.text = append(w.text, '"')
	from := 0
	for i := range len(s) {
		c := s[i]
		if c >= 0x20 && c != '\\' && c != '"' {
			continue
		}
		w.text = append(w.text, s[from:i]...)
		from = i + 1
		switch c {
		case '\t':
			w.text = append(w.text, `\t`...)
		case '\r':
			w.text = append(w.text, `\r`...)
		case '\n':
			w.text = append(w.text, `\n`...)
		case '\\', '"':
			w.text = append(w.text, '\\', c)
		default:
			w.text = append(w.text, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
		}
	}
	w.text = append(append(w.text, s[from:]...), '"')
}

// Leaf writes what gqlgen's code makes of a value in the context of [Writer.Sink].
// It is false where there is a null that must not be.
func (w *Writer) Leaf(m graphql.Marshaler, nonNull bool) bool {
	if m == graphql.Null && nonNull {
		return false
	}
	m.MarshalGQL(w)
	return true
}

// Checked is Leaf for a value that can fail while it is written.
func (w *Writer) Checked(m graphql.Marshaler, nonNull bool) bool {
	return w.Leaf(m, nonNull) && len(graphql.GetErrors(w.sink)) == 0
}

// Sink is a context for gqlgen's code whose errors nobody reads: what they are
// about is done again in the field's own.
func (w *Writer) Sink() context.Context {
	if w.sink == nil {
		ctx := graphql.WithFieldContext(context.Background(), &graphql.FieldContext{})
		w.sink = graphql.WithResponseContext(ctx, graphql.DefaultErrorPresenter, graphql.DefaultRecover)
	}
	return w.sink
}

// Other writes the member of a step that is no plain field.
func (w *Writer) Other(p *Plan, s *Step) {
	if s.Index == typename {
		w.String(p.name)
		return
	}
	w.holes = append(w.holes, len(w.text))
}

// Write appends bytes as they are.
func (w *Writer) Write(text []byte) (int, error) {
	w.text = append(w.text, text...)
	return len(text), nil
}

// MarshalGQL gives what was written, where nothing is open.
func (w *Writer) MarshalGQL(to io.Writer) { _, _ = to.Write(w.text) }

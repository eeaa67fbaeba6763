package plain

import (
	"bytes"
	"context"
	"io"

	"github.com/99designs/gqlgen/graphql"
)

// DistinctLabels are the deferred fragments that a field is in, one for each
// label: gqlgen's code would wait for ever for the second of two.
func DistinctLabels(field graphql.CollectedField) (distinct []*graphql.Deferrable) {
	seen := map[string]bool{}
	for _, d := range field.Deferrables {
		if !seen[d.Label] {
			seen[d.Label] = true
			distinct = append(distinct, d)
		}
	}
	return distinct
}

// NextDeferred waits for a deferred part; ok is false where the operation ends before.
func NextDeferred(ctx context.Context, from <-chan graphql.DeferredResult) (part graphql.DeferredResult, ok bool) {
	select {
	case part = <-from:
		return part, true
	case <-ctx.Done():
		return part, false
	}
}

// absent stands where a field is still to come. No JSON has it.
const absent = 0

// StillToCome stands for a field until its part comes; [Arrived] leaves it out.
var StillToCome = graphql.WriterFunc(func(w io.Writer) { _, _ = w.Write([]byte{absent}) })

// Arrived is an object without the fields that are still to come. A client would take
// null for their value. It writes over the data.
func Arrived(data []byte) []byte {
	out := data[:0]
	for {
		n := bytes.IndexByte(data, absent)
		if n < 0 {
			return append(out, data...)
		}
		out = append(out, data[:n]...)
		out = out[:bytes.LastIndexByte(out[:len(out)-2], '"')] // before its name, which ends with a quote and a colon
		data = data[n+1:]
		switch {
		case out[len(out)-1] == ',':
			out = out[:len(out)-1]
		case data[0] == ',':
			data = data[1:]
		}
	}
}

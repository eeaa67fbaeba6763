package server

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/karuta-bi/karuta/internal/core"
)

// partsVersion names the form of an answer in parts.
const partsVersion = "20220824"

// maxDeferred is how many fragments of an operation may be deferred.
const maxDeferred = 20

// refuseParts refuses @defer where it cannot be kept: where the client does not take
// parts, and in mutations, whose answer is one.
func (p *plan) refuseParts(req *request, op *ast.OperationDefinition) gqlerror.List {
	switch {
	case p.deferred == 0:
		return nil
	case op.Operation != ast.Query:
		return gqlerror.List{gqlerror.Wrap(core.Invalid("query", "deferred_change"))}
	case !req.inParts:
		return gqlerror.List{gqlerror.Wrap(core.Invalid("query", "deferred"))}
	case p.deferred > maxDeferred:
		return tooDear("deferred", p.deferred, maxDeferred)
	}
	return nil
}

// stream sends an answer in parts, each as soon as it is there. Where a part does
// not come the connection is cut, so that nobody takes half for all.
func (a *answer) stream(w http.ResponseWriter, r *http.Request) {
	defer a.end()
	w.Header().Set("Content-Type", `multipart/mixed; boundary="-"; deferSpec=`+partsVersion)
	w.Header().Set("X-Accel-Buffering", "no") // a proxy must not collect the parts
	first := a.encode(r.Context())
	writePart(w, append(first[:len(first)-1], `,"hasNext":true}`...))
	for hasNext := true; hasNext; {
		part := a.more()
		if part == nil {
			panic(http.ErrAbortHandler)
		}
		hasNext = *part.HasNext
		writePart(w, a.encodePart(part))
	}
	_, _ = io.WriteString(w, "\r\n-----\r\n")
}

func writePart(w http.ResponseWriter, body []byte) {
	_, _ = fmt.Fprintf(w, "\r\n---\r\nContent-Type: %s; charset=utf-8\r\n\r\n%s", typeJSON, body)
	_ = http.NewResponseController(w).Flush() // the client may be gone
}

// encodePart is what a part says: that it came, and whether another one will. The last
// tells what all of them have cost.
func (a *answer) encodePart(part *graphql.Response) []byte {
	whole := struct {
		Incremental []*graphql.Response `json:"incremental"`
		HasNext     bool                `json:"hasNext"`
		Extensions  map[string]any      `json:"extensions,omitempty"`
	}{Incremental: []*graphql.Response{part}, HasNext: *part.HasNext}
	if part.HasNext = nil; !whole.HasNext {
		whole.Extensions = map[string]any{billName: json.RawMessage(a.bill.text())}
	}
	body, err := json.Marshal(whole)
	if err != nil {
		panic(err) // data is JSON, details are plain values
	}
	return body
}

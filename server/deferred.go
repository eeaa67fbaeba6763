package server

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/karuta-bi/karuta/internal/core"
)

// partsVersion names the form of an answer in parts.
const partsVersion = "20220824"

// maxDeferred is how many fragments of an operation may be deferred.
const maxDeferred = 20

// deferred refuses @defer where it cannot be kept: where the client does not take
// parts, and in mutations, whose answer is one.
func deferred(req *request, op *ast.OperationDefinition) gqlerror.List {
	if !strings.Contains(req.Query, "defer") { // the most, and the walk is not free
		return nil
	}
	switch n := countDeferred(op.SelectionSet, map[string]bool{}); {
	case n == 0:
		return nil
	case !req.inParts || op.Operation != ast.Query:
		return gqlerror.List{gqlerror.Wrap(core.Invalid("query", "deferred"))}
	case n > maxDeferred:
		return tooDear("deferred", n, maxDeferred)
	}
	return nil
}

// countDeferred counts the deferred fragments of a selection, named ones once.
func countDeferred(set ast.SelectionSet, seen map[string]bool) (n int) {
	for _, sel := range set {
		switch sel := sel.(type) {
		case *ast.Field:
			n += countDeferred(sel.SelectionSet, seen)
		case *ast.InlineFragment:
			n += isDeferred(sel.Directives) + countDeferred(sel.SelectionSet, seen)
		case *ast.FragmentSpread:
			n += isDeferred(sel.Directives)
			if !seen[sel.Name] {
				seen[sel.Name] = true
				n += countDeferred(sel.Definition.SelectionSet, seen)
			}
		}
	}
	return n
}

func isDeferred(directives ast.DirectiveList) int {
	if directives.ForName("defer") != nil {
		return 1
	}
	return 0
}

// stream sends an answer in parts, each as soon as it is there. Where a part does
// not come the connection is cut, so that nobody takes half for all.
func (a *answer) stream(w http.ResponseWriter, r *http.Request) {
	defer a.end()
	w.Header().Set("Content-Type", `multipart/mixed; boundary="-"; deferSpec=`+partsVersion)
	first := a.encode(r.Context())
	writePart(w, append(first[:len(first)-1], `,"hasNext":true}`...))
	for hasNext := true; hasNext; {
		part := a.more()
		if part == nil {
			panic(http.ErrAbortHandler)
		}
		hasNext = *part.HasNext
		writePart(w, encodePart(part))
	}
	_, _ = io.WriteString(w, "\r\n-----\r\n")
}

func writePart(w http.ResponseWriter, body []byte) {
	_, _ = fmt.Fprintf(w, "\r\n---\r\nContent-Type: %s; charset=utf-8\r\n\r\n%s", typeJSON, body)
	_ = http.NewResponseController(w).Flush() // the client may be gone
}

// encodePart is what a part says: that it came, and whether another one will.
func encodePart(part *graphql.Response) []byte {
	hasNext := *part.HasNext
	part.HasNext = nil
	body, err := json.Marshal(struct {
		Incremental []*graphql.Response `json:"incremental"`
		HasNext     bool                `json:"hasNext"`
	}{[]*graphql.Response{part}, hasNext})
	if err != nil {
		panic(err) // data is JSON, details are plain values
	}
	return body
}

package server

import (
	"bytes"

	"github.com/vektah/gqlparser/v2/ast"
)

// walk adds up the prices of the fields in an answer, guided by what was selected.
// The text is an executor's own, so it is JSON and has the selected shape.
type walk struct {
	text   []byte
	at     int
	fields map[*ast.Field]map[string][]*ast.Field // what is below a field, gathered once
}

// gathered are the fields of a selection by their names in the answer, whatever
// the type: fields of one name have one shape.
func gathered(set ast.SelectionSet, into map[string][]*ast.Field) map[string][]*ast.Field {
	for _, sel := range set {
		switch sel := sel.(type) {
		case *ast.Field:
			into[sel.Alias] = append(into[sel.Alias], sel)
		case *ast.InlineFragment:
			gathered(sel.SelectionSet, into)
		case *ast.FragmentSpread:
			gathered(sel.Definition.SelectionSet, into)
		}
	}
	return into
}

// value reads an object, a list of them or null.
func (w *walk) value(fields map[string][]*ast.Field) (cost float64) {
	switch w.next() {
	case '{':
		w.at++
		for c := w.next(); c != '}' && c != 0; c = w.next() {
			cost += w.member(fields)
		}
		w.at++
	case '[':
		w.at++
		for c := w.next(); c != ']' && c != 0; c = w.next() {
			cost += w.value(fields)
		}
		w.at++
	default:
		w.skip()
	}
	return cost
}

func (w *walk) member(fields map[string][]*ast.Field) float64 {
	from := w.at + 1
	w.skip()
	same := fields[string(w.text[from:w.at-1])]
	if len(same) == 0 || len(same[0].SelectionSet) == 0 {
		w.next()
		w.skip()
	}
	if len(same) == 0 {
		return 1 // __typename and what describes the schema
	}
	own := price(same[0])
	if len(same[0].SelectionSet) > 0 {
		own += w.value(w.below(same))
	}
	return own
}

func (w *walk) below(same []*ast.Field) map[string][]*ast.Field {
	found, known := w.fields[same[0]]
	if !known {
		found = map[string][]*ast.Field{}
		for _, f := range same {
			gathered(f.SelectionSet, found)
		}
		w.fields[same[0]] = found
	}
	return found
}

// next is the first byte of what comes, behind spaces, commas and colons; 0 at the end.
func (w *walk) next() byte {
	for ; w.at < len(w.text); w.at++ {
		switch c := w.text[w.at]; c {
		case ' ', '\n', '\t', '\r', ',', ':':
		default:
			return c
		}
	}
	return 0
}

// skip passes one value of any kind.
func (w *walk) skip() {
	depth := 0
	for w.at < len(w.text) {
		switch w.text[w.at] {
		case '"':
			w.string()
		case '{', '[':
			depth++
			w.at++
		case '}', ']':
			if depth == 0 { // of what is around
				return
			}
			depth--
			w.at++
		case ',':
			if depth == 0 {
				return
			}
			w.at++
			continue
		default:
			w.at++
			continue
		}
		if depth == 0 {
			return
		}
	}
}

// string passes a text to behind its end.
func (w *walk) string() {
	for w.at++; w.at < len(w.text); {
		n := bytes.IndexAny(w.text[w.at:], `"\`)
		if n < 0 {
			w.at = len(w.text)
			return
		}
		w.at += n + 1
		if w.text[w.at-1] == '"' {
			return
		}
		w.at++ // what is escaped
	}
}

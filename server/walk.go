package server

import (
	"bytes"
)

// walk adds up the prices of the fields in an answer, guided by its shape. The text is
// an executor's own, so it is JSON and has that shape.
type walk struct {
	text []byte
	at   int
}

// value reads an object, a list of them or null.
func (w *walk) value(s *shape) (cost float64) {
	switch w.next() {
	case '{':
		return w.object(s)
	case '[':
		w.at++
		for c := w.next(); c != ']' && c != 0; c = w.next() {
			cost += w.value(s)
		}
		w.at++
	default:
		w.skip()
	}
	return cost
}

func (w *walk) object(s *shape) (cost float64) {
	w.at++
	next := 0
	for c := w.next(); c != '}' && c != 0; c = w.next() {
		f := w.member(s, &next)
		cost += f.price
		if w.next(); len(f.fields) > 0 {
			cost += w.value(f)
		} else {
			w.skip()
		}
	}
	w.at++
	return cost
}

// unselected is a member that nobody selected, as in what describes the schema.
var unselected = &shape{price: 1}

// member passes a member's name and gives its shape. They come in the order of the
// selection, so that the next one is mostly at hand.
func (w *walk) member(s *shape, next *int) *shape {
	from := w.at + 1
	for i := range s.fields {
		at := *next + i
		if at >= len(s.fields) {
			at -= len(s.fields)
		}
		f := s.fields[at]
		if end := from + len(f.name); end < len(w.text) && w.text[end] == '"' && string(w.text[from:end]) == f.name {
			w.at, *next = end+1, at+1
			return f
		}
	}
	w.string()
	return unselected
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
	if w.at >= len(w.text) {
		return
	}
	switch w.text[w.at] {
	case '"':
		w.string()
	case '{', '[':
		w.skipAll()
	default:
		for w.at < len(w.text) {
			switch w.text[w.at] {
			case ',', '}', ']':
				return
			}
			w.at++
		}
	}
}

// skipAll passes an object or a list with all that it holds.
func (w *walk) skipAll() {
	for depth := 0; w.at < len(w.text); {
		switch w.text[w.at] {
		case '"':
			w.string()
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		if w.at++; depth == 0 {
			return
		}
	}
}

// string passes a text to behind its end.
func (w *walk) string() {
	for w.at++; w.at < len(w.text); {
		n := bytes.IndexByte(w.text[w.at:], '"')
		if n < 0 {
			break
		}
		escapes := 0
		for escapes < n && w.text[w.at+n-1-escapes] == '\\' {
			escapes++
		}
		w.at += n + 1
		if escapes%2 == 0 {
			return
		}
	}
	w.at = len(w.text)
}

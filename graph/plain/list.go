package plain

import (
	"context"
	"io"
	"sync"

	"github.com/99designs/gqlgen/graphql"
)

// perObject is how many bytes an object may have before the text must grow.
const perObject = 160

// Write is a type's function that appends an object; false leaves the object to
// gqlgen's code.
type Write[T any] func(w *Writer, p *Plan, obj *T) bool

// Open is a type's function that answers an open field; nonNull tells that its
// null makes the object null.
type Open[T any] func(ctx context.Context, f graphql.CollectedField, obj *T) (m graphql.Marshaler, nonNull bool)

// Object marshals an object that is plain as a whole; ok is false where it is not.
func Object[T any](p *Plan, obj *T, write Write[T]) (m graphql.Marshaler, ok bool) {
	if p == nil || len(p.Open) > 0 {
		return nil, false
	}
	w := &Writer{text: make([]byte, 0, perObject)}
	defer func() {
		if recover() != nil { // gqlgen's code meets it again, and reports it at its field
			m, ok = nil, false
		}
	}()
	if !write(w, p, obj) {
		return nil, false
	}
	return w, true
}

// Pointers marshals a list of objects; ok is false where that is left to gqlgen's code.
func Pointers[T any](ctx context.Context, p *Plan, v []*T, nonNull bool, write Write[T], open Open[T]) (m graphql.Marshaler, ok bool) {
	return marshal(ctx, p, len(v), nonNull, func(i int) *T { return v[i] }, func(i int) any { return &v[i] }, write, open)
}

// Values is [Pointers] for a list that holds its objects.
func Values[T any](ctx context.Context, p *Plan, v []T, nonNull bool, write Write[T], open Open[T]) (m graphql.Marshaler, ok bool) {
	return marshal(ctx, p, len(v), nonNull, func(i int) *T { return &v[i] }, func(i int) any { return &v[i] }, write, open)
}

// marshal writes everything that is plain, and then runs what is open.
func marshal[T any](
	ctx context.Context, p *Plan, n int, nonNull bool, at func(int) *T, result func(int) any, write Write[T], open Open[T],
) (m graphql.Marshaler, ok bool) {
	if p == nil || n == 0 {
		return nil, false
	}
	l := &list{Writer: Writer{text: make([]byte, 0, n*perObject)}}
	if !l.write(n, len(p.Open) > 0, func(i int) bool {
		switch obj := at(i); {
		case obj != nil:
			return write(&l.Writer, p, obj)
		case nonNull || len(p.Open) > 0:
			return false
		}
		l.Null()
		return true
	}) {
		return nil, false
	}
	if len(p.Open) == 0 {
		return &l.Writer, true
	}
	if !l.run(ctx, p, n, result, func(ctx context.Context, f graphql.CollectedField, i int) (graphql.Marshaler, bool) {
		return open(ctx, f, at(i))
	}) && nonNull {
		return graphql.Null, true
	}
	return l, true
}

// list is a list with open fields.
type list struct {
	Writer
	starts []int               // of each element in the text, and the end
	cells  []graphql.Marshaler // of the holes
	nulls  []bool              // elements that an open field made null
}

// write writes the elements. It is false where one is to be left to gqlgen's code.
func (l *list) write(n int, mark bool, element func(i int) bool) (ok bool) {
	defer func() {
		if recover() != nil { // gqlgen's code meets it again, and reports it at its field
			ok = false
		}
	}()
	l.Begin()
	for i := range n {
		l.Next(i)
		if mark {
			l.starts = append(l.starts, len(l.text))
		}
		if !element(i) {
			return false
		}
	}
	l.starts = append(l.starts, len(l.text))
	l.Close()
	return true
}

// run answers all open fields of all elements at the same time. It is false where
// one made its element null.
func (l *list) run(
	ctx context.Context, p *Plan, n int, result func(int) any, open func(context.Context, graphql.CollectedField, int) (graphql.Marshaler, bool),
) bool {
	l.cells = make([]graphql.Marshaler, n*len(p.Open))
	l.nulls = make([]bool, n)
	broken := make([]bool, len(l.cells))
	var all sync.WaitGroup
	for i := range n {
		element := graphql.WithFieldContext(ctx, &graphql.FieldContext{Index: &i, Result: result(i)})
		for k := range p.Open {
			cell := i*len(p.Open) + k
			answer := func() {
				defer survive(element, &l.cells[cell], &broken[cell])
				m, required := open(element, p.Open[k], i)
				l.cells[cell], broken[cell] = m, m == graphql.RequiredNull || required && m == graphql.Null
			}
			if cell == len(l.cells)-1 {
				answer() // this goroutine has nothing else to do
			} else {
				all.Go(answer)
			}
		}
	}
	all.Wait()
	whole := true
	for cell, isBroken := range broken {
		if isBroken {
			l.nulls[cell/len(p.Open)], whole = true, false
		}
	}
	return whole
}

// survive reports what a field's code panicked with.
func survive(ctx context.Context, cell *graphql.Marshaler, broken *bool) {
	if failure := recover(); failure != nil {
		graphql.AddError(ctx, graphql.Recover(ctx, failure))
		*cell, *broken = graphql.Null, true
	}
}

// MarshalGQL writes the list with its open fields.
func (l *list) MarshalGQL(to io.Writer) {
	from, hole := 0, 0
	for i, isNull := range l.nulls {
		if isNull {
			_, _ = to.Write(l.text[from:l.starts[i]])
			_, _ = io.WriteString(to, "null")
			if i+1 < len(l.nulls) {
				_, _ = io.WriteString(to, ",")
			}
			for hole < len(l.holes) && l.holes[hole] < l.starts[i+1] {
				hole++
			}
			from = l.starts[i+1]
			continue
		}
		for ; hole < len(l.holes) && l.holes[hole] < l.starts[i+1]; hole++ {
			_, _ = to.Write(l.text[from:l.holes[hole]])
			l.cells[hole].MarshalGQL(to)
			from = l.holes[hole]
		}
	}
	_, _ = to.Write(l.text[from:])
}

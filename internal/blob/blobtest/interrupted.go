package blobtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/karuta-bi/karuta/internal/blob"
)

// halfway reads half of a body and then calls back once; an error ends it.
type halfway struct {
	r     io.Reader
	left  int
	then  func() error
	later int // reads after that
}

func newHalfway(size int, then func() error) *halfway {
	return &halfway{r: bytes.NewReader(noise(size)), left: size / 2, then: then}
}

func (h *halfway) Read(p []byte) (int, error) {
	switch {
	case h.left > 0:
	case h.then == nil:
		h.later++
	default:
		if err := h.then(); err != nil {
			return 0, err
		}
		h.then = nil
	}
	n, err := h.r.Read(p)
	h.left -= n
	return n, err
}

// puts are both ways of writing, to a key that has no object and, for Put, to
// one that has.
func (s *suite) puts(t *testing.T, do func(t *testing.T, size int, put func(context.Context, io.Reader) error)) {
	for _, size := range []int{1000, large} {
		for _, c := range []struct {
			name, before string
			put          func(context.Context, string, io.Reader) (blob.Info, error)
		}{
			{"put", "", s.Put},
			{"replace", "before", s.Put},
			{"new", "", s.PutNew},
		} {
			t.Run(fmt.Sprintf("%s-%d", c.name, size), func(t *testing.T) {
				key := s.key(t, "object")
				if c.before != "" {
					s.put(t, key, c.before)
				}
				do(t, size, func(ctx context.Context, r io.Reader) error {
					_, err := c.put(ctx, key, r)
					return err
				})
				if c.before != "" {
					s.want(t, key, []byte(c.before))
					return
				}
				s.wantNone(t, key)
				if _, err := s.PutNew(t.Context(), key, bytes.NewReader(nil)); err != nil {
					t.Errorf("the key is taken: %v", err)
				}
			})
		}
	}
}

func (s *suite) brokenReader(t *testing.T) {
	for name, broken := range map[string]error{"failed": errors.New("the reader broke"), "cut": io.ErrUnexpectedEOF} {
		t.Run(name, func(t *testing.T) {
			s.puts(t, func(t *testing.T, size int, put func(context.Context, io.Reader) error) {
				wantErr(t, put(t.Context(), newHalfway(size, func() error { return broken })), broken)
			})
		})
	}
}

func (s *suite) cancelledHalfway(t *testing.T) {
	s.puts(t, func(t *testing.T, size int, put func(context.Context, io.Reader) error) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		r := newHalfway(size, func() error { cancel(); return nil })
		wantErr(t, put(ctx, r), context.Canceled)
		if r.later > 0 {
			t.Errorf("the reader was asked %d times more", r.later)
		}
	})
}

func (s *suite) cancelledBefore(t *testing.T) {
	key := s.key(t, "object")
	s.put(t, key, "x")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range s.calls(ctx, key) {
		if err := call(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: error is %v", name, err)
		}
	}
	wantErr(t, s.List(ctx, s.key(t, ""), func(blob.Info) error { return nil }), context.Canceled)
	s.want(t, key, []byte("x"))
}

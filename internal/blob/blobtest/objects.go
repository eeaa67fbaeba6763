package blobtest

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/blob"
)

func (s *suite) objects(t *testing.T) {
	key := s.key(t, "folder/object.txt")
	s.wantNone(t, key)
	wantInfo(t, s.put(t, key, "カード"), key, 9)
	s.want(t, key, []byte("カード"))
	wantInfo(t, s.put(t, key, "replaced"), key, 8)
	s.want(t, key, []byte("replaced"))
	for range 2 { // deleting what is not there is no error
		if err := s.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		s.wantNone(t, key)
	}
	s.put(t, key, "again")
	s.want(t, key, []byte("again"))
}

func (s *suite) new(t *testing.T) {
	key := s.key(t, "object")
	info, err := s.PutNew(t.Context(), key, strings.NewReader("first"))
	if err != nil {
		t.Fatal(err)
	}
	wantInfo(t, info, key, 5)
	for _, body := range []string{"second", "first", ""} {
		_, err := s.PutNew(t.Context(), key, strings.NewReader(body))
		wantErr(t, err, blob.ErrExists)
	}
	s.want(t, key, []byte("first"))
	s.put(t, key, "put")
	_, err = s.PutNew(t.Context(), key, strings.NewReader("third"))
	wantErr(t, err, blob.ErrExists)
	s.want(t, key, []byte("put"))
	if err := s.Delete(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	if _, err := s.PutNew(t.Context(), key, strings.NewReader("fourth")); err != nil {
		t.Error(err)
	}
	s.want(t, key, []byte("fourth"))
}

func (s *suite) sizes(t *testing.T) {
	for _, size := range []int{0, 1, 8 << 20, large} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			body := noise(size)
			for i, put := range []func(key string) (blob.Info, error){
				func(key string) (blob.Info, error) { return s.Put(t.Context(), key, stream(body)) },
				func(key string) (blob.Info, error) { return s.PutNew(t.Context(), key, bytes.NewReader(body)) },
			} {
				key := s.key(t, fmt.Sprint(i))
				info, err := put(key)
				if err != nil {
					t.Fatal(err)
				}
				wantInfo(t, info, key, size)
				s.want(t, key, body)
			}
			_, err := s.PutNew(t.Context(), s.key(t, "1"), stream(body))
			wantErr(t, err, blob.ErrExists)
		})
	}
}

func (s *suite) notFound(t *testing.T) {
	s.put(t, s.key(t, "a/b/object"), "x")
	for _, name := range []string{"none", "a", "a/b", "a/b/objec", "a/b/object2", "a/b/object/below", "a/b/none"} {
		s.wantNone(t, s.key(t, name))
		if err := s.Delete(t.Context(), s.key(t, name)); err != nil {
			t.Errorf("delete %s: %v", name, err)
		}
	}
	s.want(t, s.key(t, "a/b/object"), []byte("x"))
}

package blobtest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

func (s *suite) local(t *testing.T) {
	key := s.key(t, "part-0000.parquet")
	s.put(t, key, "body")
	path, release, err := s.Local(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if !filepath.IsAbs(path) || filepath.Ext(path) != ".parquet" {
		t.Errorf("the path is %s", path)
	}
	again, releaseAgain, err := s.Local(t.Context(), key)
	if err != nil || again != path {
		t.Errorf("the second path is %s, error %v", again, err)
	}
	for range 2 { // the second time does nothing
		release()
		wantFile(t, again, []byte("body"))
	}
	releaseAgain()
	s.want(t, key, []byte("body"))
}

func (s *suite) localTogether(t *testing.T) {
	bodies := [3][]byte{noise(100), noise(1 << 20), noise(6 << 20)}
	for i, body := range bodies {
		if _, err := s.Put(t.Context(), s.key(t, fmt.Sprint(i)), bytes.NewReader(body)); err != nil {
			t.Fatal(err)
		}
	}
	together(racers, func(racer int) {
		for round := range 6 {
			i := (racer + round) % len(bodies)
			s.wantLocal(t, s.key(t, fmt.Sprint(i)), bodies[i])
		}
	})
}

func (s *suite) localOfDeleted(t *testing.T) {
	key := s.key(t, "folder/object")
	s.put(t, key, "body")
	path, release, err := s.Local(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	s.wantNone(t, key)
	wantFile(t, path, []byte("body"))
	s.put(t, key, "next")
	wantFile(t, path, []byte("body"))
	s.wantLocal(t, key, []byte("next"))
	release()
	s.want(t, key, []byte("next"))
}

func (s *suite) localOfReplaced(t *testing.T) {
	key := s.key(t, "object")
	var releases []func()
	var paths []string
	for i := range 3 {
		s.put(t, key, fmt.Sprint(i))
		path, release, err := s.Local(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		paths, releases = append(paths, path), append(releases, release)
	}
	for i, path := range paths {
		if got, err := os.ReadFile(path); err != nil || string(got) != fmt.Sprint(i) {
			t.Errorf("the file is %q, want %d, error %v", got, i, err)
		}
		releases[i]()
	}
}

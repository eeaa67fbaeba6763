package blobtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/blob"
)

// large is more than any engine writes in one request, and no round number.
const large = 20<<20 + 1

// Run holds an engine to the contract of [blob.Store]. The function opens an
// engine; it may hold other objects already, and none of this run stay.
func Run(t *testing.T, open func(t *testing.T) blob.Store) {
	s := &suite{Store: open(t), run: "contract-" + rand.Text()[:10]}
	for _, part := range []struct {
		name string
		test func(*testing.T)
	}{
		{"Objects", s.objects},
		{"New", s.new},
		{"Sizes", s.sizes},
		{"NotFound", s.notFound},
		{"Keys", s.keys},
		{"BadKeys", s.badKeys},
		{"BadPrefixes", s.badPrefixes},
		{"BrokenReader", s.brokenReader},
		{"CancelledHalfway", s.cancelledHalfway},
		{"CancelledBefore", s.cancelledBefore},
		{"NewRace", s.newRace},
		{"ReplaceRace", s.replaceRace},
		{"DeleteRace", s.deleteRace},
		{"ListOrder", s.listOrder},
		{"ListPrefix", s.listPrefix},
		{"ListStops", s.listStops},
		{"ListDeleting", s.listDeleting},
		{"ListMany", s.listMany},
		{"Local", s.local},
		{"LocalTogether", s.localTogether},
		{"LocalOfDeleted", s.localOfDeleted},
		{"LocalOfReplaced", s.localOfReplaced},
	} {
		t.Run(part.name, func(t *testing.T) {
			part.test(t)
			if err := s.removeAll(s.key(t, "")); err != nil {
				t.Error(err)
			}
		})
	}
}

// suite is one run. Its tests keep apart by the keys that key gives.
type suite struct {
	blob.Store
	run string
}

// key is a key of this run and test.
func (s *suite) key(t *testing.T, name string) string {
	_, test, _ := strings.Cut(t.Name(), "/")
	return s.run + "/" + test + "/" + name
}

// removeAll needs no test's context: it runs when that is over.
func (s *suite) removeAll(prefix string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return s.List(ctx, prefix, func(info blob.Info) error { return s.Delete(ctx, info.Key) })
}

func (s *suite) put(t *testing.T, key, body string) blob.Info {
	t.Helper()
	info, err := s.Put(t.Context(), key, strings.NewReader(body))
	if err != nil {
		t.Fatalf("put %s: %v", key, err)
	}
	return info
}

// want fails unless the object has just this body, by every way of reading it.
func (s *suite) want(t *testing.T, key string, body []byte) {
	t.Helper()
	r, info, err := s.Get(t.Context(), key)
	if err != nil {
		t.Errorf("get: %v", err)
		return
	}
	got, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		t.Errorf("read: %v", err)
	}
	if !bytes.Equal(got, body) {
		t.Errorf("%s has %d bytes %.40q, want %d bytes %.40q", key, len(got), got, len(body), body)
	}
	wantInfo(t, info, key, len(body))
	head, err := s.Head(t.Context(), key)
	if err != nil {
		t.Errorf("head: %v", err)
	}
	wantInfo(t, head, key, len(body))
	s.wantLocal(t, key, body)
}

func (s *suite) wantLocal(t *testing.T, key string, body []byte) {
	t.Helper()
	path, release, err := s.Local(t.Context(), key)
	if err != nil {
		t.Errorf("local: %v", err)
		return
	}
	defer release()
	wantFile(t, path, body)
}

func wantFile(t *testing.T, path string, body []byte) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, body) {
		t.Errorf("the file has %d bytes %.40q, want %d bytes %.40q, error %v", len(got), got, len(body), body, err)
	}
}

// wantInfo allows for a server whose clock is not ours.
func wantInfo(t *testing.T, info blob.Info, key string, size int) {
	t.Helper()
	if info.Key != key || info.Bytes != int64(size) {
		t.Errorf("told %s of %d bytes, want %s of %d", info.Key, info.Bytes, key, size)
	}
	if age := time.Since(info.Modified).Abs(); age > 15*time.Minute {
		t.Errorf("%s was modified at %v", key, info.Modified)
	}
}

// wantNone fails unless every way of reading tells that there is no object.
func (s *suite) wantNone(t *testing.T, key string) {
	t.Helper()
	r, _, err := s.Get(t.Context(), key)
	wantErr(t, err, blob.ErrNotFound)
	if err == nil {
		_ = r.Close()
	}
	_, err = s.Head(t.Context(), key)
	wantErr(t, err, blob.ErrNotFound)
	_, release, err := s.Local(t.Context(), key)
	wantErr(t, err, blob.ErrNotFound)
	if err == nil {
		release()
	}
	if found := s.list(t, key); len(found) > 0 && found[0] == key {
		t.Errorf("%s is listed", key)
	}
}

// list gives the keys that begin with the prefix.
func (s *suite) list(t *testing.T, prefix string) (keys []string) {
	t.Helper()
	err := s.List(t.Context(), prefix, func(info blob.Info) error {
		keys = append(keys, info.Key)
		return nil
	})
	if err != nil {
		t.Errorf("list %s: %v", prefix, err)
	}
	return keys
}

func wantErr(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error is %v, want %v", err, want)
	}
}

// noise is a body that no compression or repetition can stand in for.
func noise(size int) []byte {
	b := make([]byte, size)
	_, _ = mathrand.NewChaCha8([32]byte([]byte(fmt.Sprintf("%032d", size)))).Read(b)
	return b
}

// stream is a reader that can only be read once and from the front.
func stream(b []byte) io.Reader { return struct{ io.Reader }{bytes.NewReader(b)} }

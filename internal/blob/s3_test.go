package blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/karuta-bi/karuta/internal/testkit"
)

const several = partBytes + 1 // bytes that go in several parts

func options(t *testing.T, server testkit.S3Server) S3Options {
	return S3Options{
		Endpoint: server.Endpoint, Region: server.Region, Bucket: server.Bucket,
		AccessKey: server.AccessKey, SecretKey: server.SecretKey,
		CacheDir: t.TempDir(), CacheBytes: 1 << 30, maxBackoff: time.Millisecond,
	}
}

// openS3 gives the engine until the test ends, and fails when an answer's body
// is left open then.
func openS3(t *testing.T, o S3Options, w *wire) *S3 {
	t.Helper()
	o.Transport = w
	s, err := OpenS3(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if n := w.open.Load(); n != 0 {
			t.Errorf("%d answers were not closed", n)
		}
	})
	return s
}

// TestS3LostAnswer: a write that happened is told as one, whatever became of
// the answer, and is told apart from one by somebody else.
func TestS3LostAnswer(t *testing.T) {
	server := testkit.S3(t)
	for i, c := range []struct {
		op    string
		size  int
		lost  int
		spoil spoiler
	}{
		{"PutObject", 10, 1, lose}, {"PutObject", 10, attempts, lose}, {"PutObject", 10, 2, busy}, {"PutObject", 10, 1, conflict},
		{"CreateMultipartUpload", several, 1, lose}, {"UploadPart", several, 1, lose}, {"UploadPart", several, 2, busy},
		{"CompleteMultipartUpload", several, 1, lose}, {"CompleteMultipartUpload", several, attempts, lose},
		{"CompleteMultipartUpload", several, 1, busy}, {"CompleteMultipartUpload", several, 1, conflict},
	} {
		for _, onlyNew := range []bool{true, false} {
			if !onlyNew && c.size == several && c.lost < attempts {
				continue // the parts are sent the same way
			}
			t.Run(fmt.Sprintf("%d-%s-%t", i, c.op, onlyNew), func(t *testing.T) {
				w := &wire{op: c.op, spoil: c.spoil(c.lost)}
				s := openS3(t, options(t, server), w)
				key := fmt.Sprintf("object-%d-%t", i, onlyNew)
				write := s.Put
				if onlyNew {
					write = s.PutNew
				}
				body := bytes.Repeat([]byte("x"), c.size)
				if _, err := write(t.Context(), key, bytes.NewReader(body)); err != nil {
					t.Fatal(err)
				}
				if w.calls <= c.lost && c.lost < attempts {
					t.Errorf("%d calls, so nothing was repeated", w.calls)
				}
				if got := read(t, s, key); got != string(body) {
					t.Errorf("there are %d bytes", len(got))
				}
				w.op = ""
				if _, err := s.PutNew(t.Context(), key, bytes.NewReader(body)); !errors.Is(err, ErrExists) {
					t.Errorf("the second write: error is %v", err)
				}
			})
		}
	}
}

// TestS3NotWritten: what fails for good is an error, and no parts stay.
func TestS3NotWritten(t *testing.T) {
	server := testkit.S3(t)
	for op, size := range map[string]int{"PutObject": 10, "CreateMultipartUpload": several, "UploadPart": several, "CompleteMultipartUpload": several} {
		t.Run(op, func(t *testing.T) {
			o := options(t, server)
			s := openS3(t, o, &wire{})
			o.Transport = refuse{op}
			failing, err := OpenS3(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			defer failing.Close()
			for _, write := range []func(context.Context, string, io.Reader) (Info, error){failing.Put, failing.PutNew} {
				if _, err := write(t.Context(), "refused", bytes.NewReader(make([]byte, size))); !errors.Is(err, errRefused) {
					t.Errorf("error is %v", err)
				}
			}
			wantNoParts(t, s)
			if _, err := s.Head(t.Context(), "refused"); !errors.Is(err, ErrNotFound) {
				t.Errorf("error is %v", err)
			}
		})
	}
}

// TestS3NoPartsStay: neither of a reader that fails nor of a context that ends.
func TestS3NoPartsStay(t *testing.T) {
	s := openS3(t, options(t, testkit.S3(t)), &wire{})
	half := bytes.NewReader(make([]byte, several))
	if _, err := s.Put(t.Context(), "broken", io.MultiReader(half, broken{})); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error is %v", err)
	}
	wantNoParts(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	ends := readerFunc(func(p []byte) (int, error) { cancel(); return len(p), nil })
	if _, err := s.Put(ctx, "ended", io.MultiReader(bytes.NewReader(make([]byte, several)), ends)); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
	wantNoParts(t, s)
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

var errRefused = errors.New("refused")

// refuse fails one operation before the server sees it.
type refuse struct{ op string }

func (f refuse) RoundTrip(r *http.Request) (*http.Response, error) {
	if operation(r) == f.op {
		return nil, errRefused
	}
	return http.DefaultTransport.RoundTrip(r)
}

func wantNoParts(t *testing.T, s *S3) {
	t.Helper()
	out, err := s.client.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: &s.bucket})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(out.Uploads); n > 0 {
		t.Errorf("%d unfinished uploads stay", n)
	}
}

func TestS3DamagedOnTheWay(t *testing.T) {
	server := testkit.S3(t)
	put(t, openS3(t, options(t, server), &wire{}), "object", "the body")
	for name, spoil := range map[string]spoiler{"damage": damage, "cut": cut} {
		t.Run(name, func(t *testing.T) {
			o := options(t, server)
			w := &wire{op: "GetObject", spoil: spoil(attempts - 1)}
			s := openS3(t, o, w)
			r, _, err := s.Get(t.Context(), "object")
			if err != nil {
				t.Fatal(err)
			}
			if body, err := io.ReadAll(r); err == nil {
				t.Errorf("read %q without an error", body)
			}
			_ = r.Close()

			path, release, err := s.Local(t.Context(), "object")
			if err != nil {
				t.Fatal(err)
			}
			if body, err := os.ReadFile(path); err != nil || string(body) != "the body" {
				t.Errorf("the copy is %q, error %v", body, err)
			}
			release()
			if w.calls != attempts {
				t.Errorf("%d calls, so nothing was damaged", w.calls)
			}

			never := openS3(t, options(t, server), &wire{op: "GetObject", spoil: spoil(1 << 20)})
			if _, _, err := never.Local(t.Context(), "object"); !errors.Is(err, errDamaged) {
				t.Errorf("error is %v", err)
			}
			if left := files(t, never.copies.dir); len(left) > 0 {
				t.Errorf("left are %q", left)
			}
		})
	}
}

func TestS3Refused(t *testing.T) {
	server := testkit.S3(t)
	put(t, openS3(t, options(t, server), &wire{}), "object", "x")
	for name, c := range map[string]struct {
		change func(*S3Options)
		says   string
	}{
		"secret": {func(o *S3Options) { o.SecretKey = "wrong" }, "bucket karuta-test refuses these credentials"},
		"bucket": {func(o *S3Options) { o.Bucket = "another" }, "bucket another does not exist"},
	} {
		o := options(t, server)
		c.change(&o)
		s := openS3(t, o, &wire{})
		for call, do := range map[string]func() error{
			"Put":    func() error { _, err := s.Put(t.Context(), "object", strings.NewReader("x")); return err },
			"PutNew": func() error { _, err := s.PutNew(t.Context(), "new", strings.NewReader("x")); return err },
			"large": func() error {
				_, err := s.Put(t.Context(), "large", bytes.NewReader(make([]byte, several)))
				return err
			},
			"Get":    func() error { _, _, err := s.Get(t.Context(), "object"); return err },
			"Head":   func() error { _, err := s.Head(t.Context(), "none"); return err },
			"Delete": func() error { return s.Delete(t.Context(), "object") },
			"List":   func() error { return s.List(t.Context(), "", func(Info) error { return nil }) },
			"Local":  func() error { _, _, err := s.Local(t.Context(), "object"); return err },
		} {
			err := do()
			if err == nil || errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s, %s: error is %v", name, call, err)
			}
			if err != nil && strings.Contains(err.Error(), server.SecretKey) {
				t.Errorf("%s, %s: the error tells the secret", name, call)
			}
		}
	}
}

// TestS3CopiesSurvive: the next process uses the copies, once it has checked them.
func TestS3CopiesSurvive(t *testing.T) {
	o := options(t, testkit.S3(t))
	for start, wantGets := range []int{1, 0, 1} {
		w := &wire{op: "GetObject"}
		o.Transport = w
		s, err := OpenS3(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if start == 0 {
			put(t, s, "part.parquet", "the body")
		}
		var path string
		for range 3 {
			var release func()
			var err error
			if path, release, err = s.Local(t.Context(), "part.parquet"); err != nil {
				t.Fatal(err)
			}
			if body, err := os.ReadFile(path); err != nil || string(body) != "the body" {
				t.Errorf("the copy is %q, error %v", body, err)
			}
			release()
		}
		if w.calls != wantGets {
			t.Errorf("start %d fetched %d times, want %d", start, w.calls, wantGets)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if start == 1 { // spoiled between two starts, with the same size
			if err := os.WriteFile(path, []byte("the bodY"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if left := files(t, o.CacheDir); len(left) != 2 || !slices.ContainsFunc(left, func(f string) bool { return filepath.Ext(f) == ".parquet" }) {
		t.Errorf("left are %q", left)
	}
}

// TestS3ClosesConnections: none stays open after Close.
func TestS3ClosesConnections(t *testing.T) {
	states := make(chan http.ConnState, 100)
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) { states <- state }
	server.Start()
	defer server.Close()
	s, err := OpenS3(t.Context(), S3Options{
		Endpoint: server.URL, Region: "us-east-1", Bucket: "b", AccessKey: "k", SecretKey: "s", CacheDir: t.TempDir(),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Head(t.Context(), "object"); err == nil {
		t.Error("a server without a bucket has an object")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	late := time.After(2 * time.Minute)
	for open := 1; open > 0; {
		select {
		case state := <-states:
			if state == http.StateClosed {
				open--
			}
		case <-late:
			t.Fatal("the connection stays open")
		}
	}
}

func TestS3Closed(t *testing.T) {
	o := options(t, testkit.S3(t))
	s, err := OpenS3(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	put(t, s, "object", "x")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Local(t.Context(), "object"); !errors.Is(err, os.ErrClosed) {
		t.Errorf("error is %v", err)
	}
}

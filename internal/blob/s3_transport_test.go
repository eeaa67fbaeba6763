package blob

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
)

var errLost = errors.New("the answer was lost")

// operation is what a request asks of S3, as far as these tests tell apart.
func operation(r *http.Request) string {
	q := r.URL.Query()
	switch {
	case r.Method == http.MethodPut && q.Has("partNumber"):
		return "UploadPart"
	case r.Method == http.MethodPost && q.Has("uploads"):
		return "CreateMultipartUpload"
	case r.Method == http.MethodPost && q.Has("uploadId"):
		return "CompleteMultipartUpload"
	case r.Method == http.MethodPut:
		return "PutObject"
	case r.Method == http.MethodGet && q.Has("list-type"):
		return "ListObjects"
	case r.Method == http.MethodGet:
		return "GetObject"
	}
	return r.Method
}

// wire passes requests on, lets a test spoil the answers of one operation and
// counts the bodies that are not closed.
type wire struct {
	op    string
	spoil func(n int, resp *http.Response) (*http.Response, error) // the nth call's, from 1

	mu    sync.Mutex
	calls int
	open  atomic.Int64
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	w.open.Add(1)
	resp.Body = &countedBody{ReadCloser: resp.Body, w: w}
	if w.op != operation(r) {
		return resp, nil
	}
	w.mu.Lock()
	w.calls++
	n := w.calls
	w.mu.Unlock()
	if w.spoil == nil {
		return resp, nil
	}
	return w.spoil(n, resp)
}

type countedBody struct {
	io.ReadCloser
	w    *wire
	once sync.Once
}

func (c *countedBody) Close() error {
	c.once.Do(func() { c.w.open.Add(-1) })
	return c.ReadCloser.Close()
}

// spoiler spoils the first answers.
type spoiler func(first int) func(n int, resp *http.Response) (*http.Response, error)

// lose drops the first answers after the server acted.
func lose(first int) func(int, *http.Response) (*http.Response, error) {
	return func(n int, resp *http.Response) (*http.Response, error) {
		if n > first {
			return resp, nil
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		return nil, errLost
	}
}

// busy answers the first calls, which the server did, as one that has too much to do.
func busy(first int) func(int, *http.Response) (*http.Response, error) {
	return instead(first, http.StatusServiceUnavailable, "SlowDown")
}

// conflict answers the first calls as if another write was under way.
func conflict(first int) func(int, *http.Response) (*http.Response, error) {
	return instead(first, http.StatusConflict, codeConflict)
}

func instead(first, status int, code string) func(int, *http.Response) (*http.Response, error) {
	return func(n int, resp *http.Response) (*http.Response, error) {
		if n <= first {
			_ = resp.Body.Close()
			body := "<Error><Code>" + code + "</Code></Error>"
			resp.StatusCode, resp.ContentLength, resp.Header = status, int64(len(body)), http.Header{}
			resp.Body = io.NopCloser(strings.NewReader(body))
		}
		return resp, nil
	}
}

// damage changes a byte of the first bodies.
func damage(first int) func(int, *http.Response) (*http.Response, error) {
	return func(n int, resp *http.Response) (*http.Response, error) {
		if n <= first {
			resp.Body = &damaged{ReadCloser: resp.Body}
		}
		return resp, nil
	}
}

type damaged struct {
	io.ReadCloser
	done bool
}

func (d *damaged) Read(p []byte) (int, error) {
	n, err := d.ReadCloser.Read(p)
	if n > 0 && !d.done {
		p[0] ^= 1
		d.done = true
	}
	return n, err
}

// cut ends the first bodies early.
func cut(first int) func(int, *http.Response) (*http.Response, error) {
	return func(n int, resp *http.Response) (*http.Response, error) {
		if n <= first {
			resp.Body = struct {
				io.Reader
				io.Closer
			}{io.MultiReader(io.LimitReader(resp.Body, 1), broken{}), resp.Body}
		}
		return resp, nil
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

package server

import (
	"io"
	"net/http"
	"time"
)

// lingerMost is how long the rest of a request that is answered already may come.
const lingerMost = time.Minute

// linger reads on and throws away what still comes of a request that was answered
// before its end. Proxies that are sending it (Apache, Varnish) would find the
// connection closed, and tell their client of a bad gateway in place of the answer.
func linger(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength == 0 {
			next.ServeHTTP(w, r)
			return
		}
		control, body := http.NewResponseController(w), &arriving{ReadCloser: r.Body}
		_ = control.EnableFullDuplex() // else nothing is read once the answer is begun
		r.Body = body
		next.ServeHTTP(w, r)
		if body.over || !body.begun && r.Header.Get("Expect") != "" || control.Flush() != nil {
			return
		}
		_ = control.SetReadDeadline(time.Now().Add(lingerMost))
		_, _ = io.Copy(io.Discard, body) // the client may be gone
	})
}

// arriving is the body of a request; begun tells that somebody asked for it, over that
// nothing more of it comes.
type arriving struct {
	io.ReadCloser
	begun, over bool
}

func (a *arriving) Read(p []byte) (int, error) {
	n, err := a.ReadCloser.Read(p)
	a.begun, a.over = true, err != nil
	return n, err
}

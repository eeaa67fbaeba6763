package server

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
)

// packAbove is the size in bytes from which an answer is packed: a shorter one
// fits into a single packet anyway.
const packAbove = 1400

// brotliLevel packs JSON a fifth smaller than gzip at its fastest, for about the
// same work.
const brotliLevel = 3

// packer is a writer that can be used again.
type packer interface {
	io.WriteCloser
	Reset(w io.Writer)
}

// packers are the encodings that we offer, the best first.
var packers = []struct {
	encoding string
	pool     *sync.Pool
}{
	{"br", &sync.Pool{New: func() any { return brotli.NewWriterLevel(nil, brotliLevel) }}},
	{"gzip", &sync.Pool{New: func() any { return fastGzip() }}},
}

func fastGzip() packer {
	w, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	if err != nil {
		panic(err) // the level is a constant
	}
	return w
}

// pack gives the body as the client likes it best, and says so in the headers. A
// body that does not get shorter stays as it is.
func pack(h http.Header, r *http.Request, body []byte) []byte {
	h.Add("Vary", "Accept-Encoding")
	if len(body) < packAbove {
		return body
	}
	accepted := strings.Join(r.Header.Values("Accept-Encoding"), ",")
	best, likes := -1, encodingQuality(accepted, "identity")
	for i, p := range packers {
		if q := encodingQuality(accepted, p.encoding); q > likes || best < 0 && q == likes && q > 0 {
			best, likes = i, q
		}
	}
	if best < 0 {
		return body
	}
	packed := bytes.NewBuffer(make([]byte, 0, len(body)/2))
	w := packers[best].pool.Get().(packer)
	defer packers[best].pool.Put(w)
	w.Reset(packed)
	_, _ = w.Write(body) // into memory
	_ = w.Close()
	if packed.Len() >= len(body) {
		return body
	}
	h.Set("Content-Encoding", packers[best].encoding)
	return packed.Bytes()
}

// encodingQuality is the weight that an Accept-Encoding header gives to an
// encoding (RFC 9110 §12.5.3).
func encodingQuality(header, encoding string) float64 {
	wildcard := 0.0
	for part := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(part, ";")
		switch name = strings.ToLower(strings.TrimSpace(name)); name {
		case encoding:
			return weight(params)
		case "*":
			wildcard = weight(params)
		}
	}
	return wildcard
}

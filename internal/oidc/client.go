package oidc

import (
	"io"
	"net/http"
	"time"
)

const (
	callWait  = 8 * time.Second // for one call to the issuer, with its body
	bodyLimit = 1 << 20         // bytes of an answer; documents, keys and tokens have some kilobytes
)

// newClient calls the issuer with patience that ends.
func newClient() *http.Client {
	return &http.Client{Timeout: callWait, Transport: bounded{http.DefaultTransport.(*http.Transport).Clone()}}
}

// bounded reads no more of an answer than bodyLimit.
type bounded struct{ *http.Transport }

// RoundTrip implements [http.RoundTripper].
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.Transport.RoundTrip(r)
	if err == nil {
		resp.Body = limited{io.LimitReader(resp.Body, bodyLimit), resp.Body}
	}
	return resp, err
}

type limited struct {
	io.Reader
	io.Closer
}

package client

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// MACHeader carries a request's signature: "<unix seconds>.<nonce>.<MAC>", the
// nonce and the MAC in hex.
const MACHeader = "X-Karuta-MAC"

// ReplayWindow is how far a signature's time may lie from the verifier's clock.
const ReplayWindow = 5 * time.Minute

// ErrMAC tells that a request is not signed, wrongly signed, too old or a replay.
var ErrMAC = errors.New("executor: request is not authentic")

// Sign puts the signature of the request and its body into [MACHeader]. Each
// call makes a new nonce, so a request that is sent again must be signed again.
func Sign(r *http.Request, secret string, body []byte) {
	var nonce [16]byte
	_, _ = rand.Read(nonce[:]) // never fails, see crypto/rand
	stamp, n := strconv.FormatInt(time.Now().Unix(), 10), hex.EncodeToString(nonce[:])
	sum := mac([]byte(secret), r, stamp, n, body)
	r.Header.Set(MACHeader, stamp+"."+n+"."+hex.EncodeToString(sum))
}

// mac covers everything the executor acts on: method, path with query, time,
// nonce and the body's hash. The line ends keep the parts apart: none of them
// can hold one.
func mac(secret []byte, r *http.Request, stamp, nonce string, body []byte) []byte {
	h := hmac.New(sha256.New, secret)
	fmt.Fprintf(h, "%s\n%s\n%s\n%s\n%x", r.Method, r.URL.RequestURI(), stamp, nonce, sha256.Sum256(body))
	return h.Sum(nil)
}

// Verifier checks signatures and remembers the nonces it has seen. It is safe
// for concurrent use.
type Verifier struct {
	secret []byte
	now    func() time.Time

	mu            sync.Mutex
	recent, older map[string]struct{}
	turned        time.Time
}

// NewVerifier checks requests signed with the secret.
func NewVerifier(secret string) *Verifier {
	return &Verifier{secret: []byte(secret), now: time.Now, recent: map[string]struct{}{}}
}

// Verify tells whether the request was signed with the secret over exactly this
// body, within [ReplayWindow], and not seen before; otherwise [ErrMAC].
func (v *Verifier) Verify(r *http.Request, body []byte) error {
	stamp, rest, _ := strings.Cut(r.Header.Get(MACHeader), ".")
	nonce, sum, _ := strings.Cut(rest, ".")
	got, err := hex.DecodeString(sum)
	if err != nil || !hmac.Equal(got, mac(v.secret, r, stamp, nonce, body)) {
		return ErrMAC
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || v.now().Sub(time.Unix(seconds, 0)).Abs() > ReplayWindow {
		return ErrMAC
	}
	if !v.firstSeen(nonce) {
		return ErrMAC
	}
	return nil
}

// firstSeen remembers the nonce for at least as long as its signature can be
// in the window. Only signed requests come here, so the memory is bounded by
// what the API itself sends.
func (v *Verifier) firstSeen(nonce string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if now := v.now(); now.Sub(v.turned) > 2*ReplayWindow {
		v.recent, v.older, v.turned = map[string]struct{}{}, v.recent, now
	}
	if _, ok := v.recent[nonce]; ok {
		return false
	}
	if _, ok := v.older[nonce]; ok {
		return false
	}
	v.recent[nonce] = struct{}{}
	return true
}

package server_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"

	"github.com/karuta-bi/karuta/internal/core"
)

// longQuery has an answer of some 10 KB, of a house for which introspection is open.
const longQuery = `{"query":"{ __schema { types { name kind } } }"}`

// API-1, RFC 9110 §12.5.3: a long answer comes packed as the client likes it best.
func TestPackedAnswers(t *testing.T) {
	h := newHouse(t)
	whole := h.send(post(longQuery, "X-Request-Id", "packed-answers")).text
	for accepted, encoding := range map[string]string{
		"":                          "",
		"gzip":                      "gzip",
		"gzip, deflate, br, zstd":   "br",
		"GZIP":                      "gzip",
		"br;q=0.5, gzip":            "gzip",
		"br;q=0, gzip;q=0.1":        "gzip",
		"br;q=0, gzip;q=0":          "",
		"*":                         "br",
		"br;q=0, *":                 "gzip",
		"identity":                  "",
		"identity, gzip;q=0.5":      "",
		"identity;q=0.5, gzip":      "gzip",
		"identity, gzip":            "gzip",
		"deflate, zstd":             "",
		"gzip;q=nonsense":           "",
		strings.Repeat("x,", 10000): "",
	} {
		r := post(longQuery, "X-Request-Id", "packed-answers")
		if accepted != "" {
			r.Header.Set("Accept-Encoding", accepted)
		}
		a := h.raw(r)
		if a.Header.Get("Content-Encoding") != encoding || !strings.Contains(strings.Join(a.Header.Values("Vary"), ","), "Accept-Encoding") {
			t.Errorf("%.40q: %v", accepted, a.Header)
		}
		if got := unpacked(t, encoding, a.text); got != whole {
			t.Errorf("%.40q: another answer of %d bytes", accepted, len(got))
		}
		if encoding != "" && len(a.text) > len(whole)/3 {
			t.Errorf("%.40q: %d bytes of %d", accepted, len(a.text), len(whole))
		}
	}
}

func unpacked(t *testing.T, encoding, body string) string {
	t.Helper()
	r := io.Reader(strings.NewReader(body))
	switch encoding {
	case "gzip":
		g, err := gzip.NewReader(r)
		must(t, err)
		r = g
	case "br":
		r = brotli.NewReader(r)
	}
	var whole bytes.Buffer
	_, err := whole.ReadFrom(r)
	must(t, err)
	return whole.String()
}

// BREACH: what holds a secret, or repeats what was asked, is not packed, however
// long it is; nor is what fits one packet.
func TestWhatIsNotPacked(t *testing.T) {
	h := newHouse(t)
	h.user(core.RoleUser)
	long := strings.Repeat("x", 2000)
	for name, body := range map[string]string{
		"a token": `{"query":"mutation { ` + long + `: login(input: {email: \"u@example.com\", password: \"` + password + `\"}) { accessToken } }"}`,
		"refused": `{"query":"{ ` + long + ` ` + strings.Repeat("y", 2000) + ` }"}`,
		"failed":  `{"query":"{ ` + long + `: me { id } serverInfo { env } }"}`,
		"short":   `{"query":"{ serverInfo { env } }"}`,
	} {
		a := h.raw(post(body, "Accept-Encoding", "gzip, br"))
		if a.Header.Get("Content-Encoding") != "" || !strings.HasPrefix(a.text, "{") {
			t.Errorf("%s: %v", name, a.Header)
		}
	}
}

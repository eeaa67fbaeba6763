package card

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
)

// PlotlyPath is where the server must serve plotly.min.js: a card's page loads
// it from there.
const PlotlyPath = "/assets/plotly.min.js"

// PagePrefix is the path under which the server hands the rest to Page.
const PagePrefix = "/cards/page/"

// pageLifetime is how long an address is valid at least; it changes once in
// addressStep, so that a page that is asked for again keeps its address.
const (
	pageLifetime = 5 * time.Minute
	addressStep  = time.Minute
)

// PageURL is the signed, short-lived address of the result's page, a path
// below [PagePrefix]. The result must come from Execute or Preview.
func (s *Service) PageURL(r *core.CardResult) string {
	until := time.Now().Add(pageLifetime + addressStep).Truncate(addressStep)
	return PagePrefix + s.token(r.Key, until)
}

// token is key, end and signature: whoever has it may see this one result.
func (s *Service) token(key string, until time.Time) string {
	body := key + "." + strconv.FormatInt(until.Unix(), 10)
	return base64.RawURLEncoding.EncodeToString([]byte(body + "." + s.sign("card page", body)))
}

// sign signs the parts for one use, so that a signature is good for no other.
func (s *Service) sign(use string, parts ...string) string {
	h := hmac.New(sha256.New, []byte(s.cfg.PageSecret))
	h.Write([]byte(use))
	for _, part := range parts {
		h.Write([]byte("\n" + part))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Page is the whole HTML document behind a token of PageURL. The server sends
// it with its own Content-Security-Policy. NOT_FOUND for a bad or old token.
func (s *Service) Page(ctx context.Context, token string) ([]byte, error) {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	cut := strings.LastIndexByte(string(raw), '.')
	if err != nil || cut < 0 {
		return nil, core.NotFound("token")
	}
	body, sum := string(raw[:cut]), string(raw[cut+1:])
	key, end, _ := strings.Cut(body, ".")
	until, err := strconv.ParseInt(end, 10, 64)
	if !hmac.Equal([]byte(sum), []byte(s.sign("card page", body))) || err != nil || time.Now().Unix() > until {
		return nil, core.NotFound("token")
	}
	r := s.kept.get(ctx, key)
	if r == nil {
		return nil, core.NotFound("token")
	}
	return document(r.HTML), nil
}

// guard runs before anything of a card does. See guard.js.
//
//go:embed guard.js
var guard string

// document makes a whole page of a card's HTML. Plotly is loaded only where it
// is used: it is the heaviest part of a page.
func document(html string) []byte {
	script := "<script>" + guard + "</script>"
	if strings.Contains(html, "Plotly") {
		script += `<script src="` + PlotlyPath + `"></script>`
	}
	return fmt.Appendf(nil, `<!doctype html>
<html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<style>html,body{margin:0;font-family:system-ui,sans-serif}</style>%s</head>
<body>%s</body></html>
`, script, html)
}

// previewKey names a result that nobody finds again but through its page.
func previewKey() string {
	return "preview/" + randomName()
}

// randomName is a name that nobody can guess.
func randomName() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, see crypto/rand
	return hex.EncodeToString(b[:])
}

// textResult is a text card's HTML, cleaned again in case the rules have become
// stricter since it was written.
func (s *Service) textResult(ctx context.Context, c *core.Card) *core.CardResult {
	r := &core.CardResult{
		HTML: clean(c.Code), UsedColumns: []string{}, AppliedFilters: []string{},
		ExecutedAt: c.UpdatedAt, CodeHash: codeHash(c),
	}
	r.Key = "text/" + digest(r.HTML)
	if s.kept.get(ctx, r.Key) == nil {
		if err := s.kept.put(ctx, r); err != nil {
			s.Log.ErrorContext(ctx, "text card not kept", "card", c.ID, "error", err)
		}
	}
	return r
}

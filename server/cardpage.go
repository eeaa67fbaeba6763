package server

import (
	"fmt"
	"html"
	"net/http"
	"regexp"

	"github.com/karuta-bi/karuta/web"
)

var hostName = regexp.MustCompile(`^[A-Za-z0-9.:\[\]-]{1,255}$`)

// onlyFromHere lets a document connect to the server that sent it and to nothing
// else, whatever the means: navigation, prefetch and WebRTC, which no content
// security policy reaches, as well (WICG Connection Allowlists). Browsers that do
// not know it have the frame around the page and the page's own guard.
const onlyFromHere = "(response-origin)"

// framePolicy is for the page around a card's page. It keeps the frame from
// leading anywhere but back to us.
const framePolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// cardPage sends the HTML that a card's code made. It runs in a sandbox with an
// origin of its own: it can draw, and load our plotly, and nothing else. Opened
// by itself it could lead its own window anywhere, with data in the address, so
// it is then sent inside of a frame.
func (s *server) cardPage(w http.ResponseWriter, r *http.Request) {
	body, err := s.Resolver.Services.Cards.Page(r.Context(), r.PathValue("token"))
	if err != nil {
		writeProblem(w, r, s.engine.known(r.Context(), err, ""))
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Connection-Allowlist", onlyFromHere)
	h.Set("X-DNS-Prefetch-Control", "off")
	h.Add("Vary", "Sec-Fetch-Dest")
	if r.Header.Get("Sec-Fetch-Dest") == "document" {
		h.Set("Content-Security-Policy", framePolicy)
		_, _ = fmt.Fprintf(w, cardFrame, html.EscapeString(r.URL.Path))
		return
	}
	scripts := "'unsafe-inline'"
	if hostName.MatchString(r.Host) {
		scripts += " " + r.Host + "/assets/" + web.Plotly
	}
	h.Set("Content-Security-Policy", "sandbox allow-scripts; default-src 'none'; script-src "+scripts+"; "+
		"style-src 'unsafe-inline'; img-src data: blob:; font-src data:; connect-src 'none'; "+
		"form-action 'none'; base-uri 'none'; frame-ancestors 'self'")
	_, _ = w.Write(body)
}

const cardFrame = `<!doctype html>
<html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Karuta</title>
<style>html,body,iframe{margin:0;border:0;width:100%%;height:100%%;display:block}</style></head>
<body><iframe sandbox="allow-scripts" src="%s"></iframe></body></html>
`

package server

import (
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/web"
)

// page sends one of our pages.
func (s *server) page(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.sendPage(w, r, s.Pages, name, web.PagesPolicy, http.StatusOK)
	}
}

// graphiql sends the tool to administrators, and to others a page that says so.
func (s *server) graphiql(w http.ResponseWriter, r *http.Request) {
	actor := core.ActorFrom(r.Context())
	if c, err := r.Cookie(cookieName); err == nil { // a page that is only looked at needs no proof of where it was asked for
		_, _ = s.signedIn(r.Context(), c.Value)
	}
	switch {
	case actor.IsAdmin():
		s.sendPage(w, r, s.GraphiQL, "index.html", web.GraphiQLPolicy, http.StatusOK)
	case actor.SignedIn():
		s.sendPage(w, r, s.GraphiQL, "denied.html", web.PagesPolicy, http.StatusForbidden)
	default:
		s.signInPage(w, r, http.StatusUnauthorized, signInView{Return: home})
	}
}

func (s *server) sendPage(w http.ResponseWriter, r *http.Request, from fs.FS, name, policy string, status int) {
	body, err := fs.ReadFile(from, name)
	if err != nil {
		writeProblem(w, r, core.NotFound(""))
		return
	}
	sendHTML(w, status, policy, body)
}

func sendHTML(w http.ResponseWriter, status int, policy string, body []byte) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", policy)
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// asset sends a script, a style, a font. Cards run in an origin of their own,
// so assets may be read from anywhere.
func (s *server) asset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	body, err := fs.ReadFile(s.Assets, name)
	if err != nil || strings.HasSuffix(name, ".gz") {
		writeProblem(w, r, core.NotFound(""))
		return
	}
	h := w.Header()
	h.Set("Content-Type", contentType(name))
	h.Del("Content-Security-Policy") // a worker would be held to it, and not to that of its page
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	if name == web.Plotly && !r.URL.Query().Has("v") { // the one name without a hash
		h.Set("Cache-Control", "public, max-age=3600")
	}
	h.Set("Vary", "Accept-Encoding")
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		if packed, err := fs.ReadFile(s.Assets, name+".gz"); err == nil {
			h.Set("Content-Encoding", "gzip")
			body = packed
		}
	}
	_, _ = w.Write(body)
}

// contentType does not ask the machine's own table, which differs.
func contentType(name string) string {
	switch ext := path.Ext(name); ext {
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".woff2":
		return "font/woff2"
	case ".ttf":
		return "font/ttf"
	default:
		if t := mime.TypeByExtension(ext); t != "" {
			return t
		}
		return "application/octet-stream"
	}
}

package server

import (
	"bytes"
	"encoding/json"
	"html"
	"io/fs"
	"net/http"
	"net/url"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/web"
)

// signInView is what the sign-in page is told. It stands in the page itself, so that
// nothing appears later.
type signInView struct {
	Issuer  *issuerView            `json:"issuer,omitempty"`
	Problem map[core.Locale]string `json:"problem,omitempty"`
	Return  string                 `json:"return"` // a path on this server
}

type issuerView struct {
	Name string `json:"name"` // "": the company account
	Path string `json:"path"`
}

// signInSlot is where signin.html takes what it is told.
var signInSlot = []byte(`<meta name="sign-in" content=""`)

func (s *server) signInPage(w http.ResponseWriter, r *http.Request, status int, view signInView) {
	if s.OIDC != nil {
		view.Issuer = &issuerView{Name: s.OIDCName, Path: OIDCPath + "?return=" + url.QueryEscape(view.Return)}
	}
	page, err := fs.ReadFile(s.GraphiQL, "signin.html")
	if err != nil {
		writeProblem(w, r, core.NotFound(""))
		return
	}
	told, err := json.Marshal(view)
	if err != nil {
		panic(err) // texts
	}
	slot := []byte(`<meta name="sign-in" content="` + html.EscapeString(string(told)) + `"`)
	sendHTML(w, status, web.PagesPolicy, bytes.Replace(page, signInSlot, slot, 1))
}

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
	Over    bool                   `json:"over,omitempty"` // the problem is a flow that is over, perhaps with a sign-in
	Return  string                 `json:"return"`         // a path on this server
}

type issuerView struct {
	Name    string `json:"name"` // "": the company account
	Address string `json:"address"`
}

// signInSlot is where signin.html takes what it is told.
var signInSlot = []byte(`<meta name="sign-in" content=""`)

// signInPage shows the sign-in page. The issuer sends people back to the public address,
// so they leave from there: what the browser keeps meanwhile is kept for one host.
func (s *server) signInPage(w http.ResponseWriter, r *http.Request, status int, view signInView) {
	if s.OIDC != nil {
		view.Issuer = &issuerView{Name: s.OIDCName, Address: s.PublicURL + OIDCPath + "?return=" + url.QueryEscape(view.Return)}
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

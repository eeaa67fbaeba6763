package server_test

import (
	"net/http/httptest"
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
)

// ERR-2: who has chosen a language is spoken to in it, in the graph and outside,
// whatever the browser asks for; who has not, in the browser's.
func TestThePersonsLanguageCounts(t *testing.T) {
	h := newHouse(t)
	_, token := h.user(core.RoleUser)
	choose := func(locale string) {
		t.Helper()
		if a := h.ask(token, `mutation { updateProfile(input: {locale: `+locale+`}) { user { locale } } }`, nil); a.code() != "" {
			t.Fatal(a.text)
		}
	}
	speaks := func(browser string, english bool) {
		t.Helper()
		a := h.ask(token, `{ card(id: "`+core.NewID(core.NounCard)+`") { id } }`, nil, "Accept-Language", browser)
		a.plain(t, english)
		rest := with(bearing(httptest.NewRequest("GET", "/api/datasets/"+core.NewID(core.NounDataset), nil), token), "Accept-Language", browser)
		if got := h.send(rest); got.StatusCode != 404 || japanese.MatchString(got.text) == english {
			t.Errorf("%d %s", got.StatusCode, got.text)
		}
	}
	speaks("ja", false)
	speaks("en", true)
	choose("EN")
	speaks("ja", true)
	choose("JA")
	speaks("en", false)
}

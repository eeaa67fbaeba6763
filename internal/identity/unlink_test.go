package identity

import (
	"context"
	"crypto/rand"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
	"github.com/karuta-bi/karuta/internal/table/embedded"
)

// Who is parted from the issuer is not let in by a sign-in that was under way; the next
// one is linked anew. Everybody sees their own link, and nobody another's.
func TestUnlink(t *testing.T) {
	engine, err := embedded.Open(filepath.Join(t.TempDir(), "karuta.db"))
	if err != nil {
		t.Fatal(err)
	}
	meanwhile := func() {} // after the guard and the person of the claims were read
	reads := 3
	w := worldOf(t, accesstest.Over(t, table.Counted(engine, func(c table.Call) {
		if c.Op == "Get" && c.Table == table.Users {
			if reads++; reads == 2 {
				meanwhile()
			}
		}
	}), slog.New(slog.DiscardHandler)))
	t.Cleanup(func() { w.must(engine.Close()) })
	const issuer = "https://issuer.example.com"
	w.admission = Admission{Domains: []string{"example.com"}, Create: true, Issuer: issuer}
	said := &core.Claims{Issuer: issuer, Subject: "1", Email: "hanako@example.com", Verified: true}
	signIn := func() (*SignIn, error) {
		return w.LoginExternal(w.visitor(), rand.Text(), func(context.Context) (*core.Claims, error) { reads = 0; return said, nil })
	}
	unlink := func(id string, dry bool) []*core.IssuerLink {
		t.Helper()
		done, err := w.Unlink(w.As(w.admin), Unlinking{UserID: id, DryRun: dry})
		w.must(err)
		return done.Links
	}
	linked := func(as *core.User, id string) bool {
		t.Helper()
		links, err := w.IssuerLinks(w.As(as), []string{id, w.admin.ID})
		w.must(err)
		return links[id] != nil && links[id].Issuer == issuer && !links[id].Since.IsZero() && len(links) == 1
	}
	in, err := signIn()
	w.must(err)
	hanako, other := in.User, w.User("other")
	if !linked(w.admin, hanako.ID) || !linked(hanako, hanako.ID) || linked(other, hanako.ID) {
		t.Error("the link is not shown to whom it is for, or to others")
	}
	if links := unlink(hanako.ID, true); len(links) != 1 || w.code(in.Token) != "" || !linked(w.admin, hanako.ID) {
		t.Errorf("told only: %v", links)
	}
	meanwhile = func() { unlink(hanako.ID, false) }
	again, err := signIn()
	if meanwhile = func() {}; again != nil || core.CodeOf(err) != core.CodeUnauthorized {
		t.Errorf("parted while signing in: %v, %v", again, err)
	}
	if w.code(in.Token) != core.CodeInvalidToken || linked(w.admin, hanako.ID) || len(unlink(hanako.ID, false)) != 0 {
		t.Error("still linked, or signed in")
	}
	said.Subject = "2"
	if in, err = signIn(); err != nil || in.User.ID != hanako.ID || !linked(hanako, hanako.ID) {
		t.Errorf("the account that replaces the old one: %+v, %v", in, err)
	}
	said.Subject = "1"
	if _, err = signIn(); core.CodeOf(err) != core.CodeForbidden {
		t.Errorf("the old one: %v", err)
	}
}

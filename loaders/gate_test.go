package loaders_test

import (
	"testing"

	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/identity"
	"github.com/karuta-bi/karuta/loaders"
	"github.com/karuta-bi/karuta/resolvers"
)

// Knowing an id opens nothing: a loader gives each person what the gate gives
// them, in one batch with what others may see as well as alone.
func TestLoadersGiveWhatTheGateGives(t *testing.T) {
	w := accesstest.New(t)
	group, foreign := w.Group("営業"), w.Group("人事")
	owner, viewer, member, stranger, admin := w.User("owner"), w.User("viewer"), w.User("member", group), w.User("stranger"), w.Admin("admin")
	data := w.Dataset(owner, core.Column{Name: "売上", Type: core.TypeInt64})
	card, private := w.Card(owner, data), w.Card(owner, data)
	page := w.Dashboard(owner, nil, card)
	w.Share(page, viewer, core.PermissionViewer)
	w.ShareGroup(page, group, core.PermissionViewer)
	people := identity.New(identity.Deps{Store: w.Store, Audit: w.Audit, Gate: w.Gate})
	from := (&resolvers.Resolver{Services: resolvers.Services{Gate: w.Gate, Identity: people}}).Sources()
	const whole, redacted, none = "whole", "redacted", ""
	for who, want := range map[*core.User]struct{ page, card, private, data, group, foreign, person string }{
		owner:    {whole, whole, whole, whole, none, none, redacted},
		viewer:   {whole, redacted, none, redacted, none, none, redacted},
		member:   {whole, redacted, none, redacted, whole, none, redacted},
		stranger: {none, none, none, none, none, none, redacted},
		admin:    {whole, whole, whole, whole, whole, whole, whole},
		nil:      {},
	} {
		l, ctx := loaders.New(w.As(who), from), w.As(who)
		name := "nobody"
		if who != nil {
			name = who.Name
		}
		see := func(what, want, got string, err error) {
			t.Helper()
			if who == nil && core.CodeOf(err) == core.CodeUnauthorized {
				err = nil
			}
			if err != nil || got != want {
				t.Errorf("%s sees %s %q (%v), want %q", name, what, got, err, want)
			}
		}
		other := l.Cards.Later(ctx, private.ID) // in one batch with the other card
		d, err := l.Dashboards.Load(ctx, page.ID)
		see("the dashboard", want.page, state(d, false), err)
		c, err := l.Cards.Load(ctx, card.ID)
		see("the card", want.card, state(c, c != nil && c.Code == ""), err)
		c, err = other()
		see("the private card", want.private, state(c, c != nil && c.Code == ""), err)
		ds, err := l.Datasets.Load(ctx, data.ID)
		see("the dataset", want.data, state(ds, ds != nil && ds.Path == ""), err)
		g, err := l.Groups.Load(ctx, group.ID)
		see("the group", want.group, state(g, false), err)
		g, err = l.Groups.Load(ctx, foreign.ID)
		see("the other group", want.foreign, state(g, false), err)
		u, err := l.Users.Load(ctx, stranger.ID)
		if who != stranger { // who sees themselves whole
			see("a person", want.person, state(u, u != nil && u.Role == ""), err)
		}
	}
}

func state[T any](noun *T, lacking bool) string {
	switch {
	case noun == nil:
		return ""
	case lacking:
		return "redacted"
	}
	return "whole"
}

// A share that is taken away closes the loader of the next operation.
func TestTheNextOperationAsksTheGateAgain(t *testing.T) {
	w := accesstest.New(t)
	owner, viewer := w.User("owner"), w.User("viewer")
	card := w.Card(owner, w.Dataset(owner))
	page := w.Dashboard(owner, nil, card)
	w.Share(page, viewer, core.PermissionViewer)
	see := func() *core.Card {
		from := &loaders.Sources{Cards: w.Gate.FilterCards}
		c, err := loaders.New(w.As(viewer), from).Cards.Load(w.As(viewer), card.ID)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if see() == nil {
		t.Fatal("shared, and not seen")
	}
	share, err := w.Store.Shares.Get(t.Context(), page.ID, core.TargetUser, viewer.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Store.Shares.Delete(t.Context(), share, owner.ID); err != nil {
		t.Fatal(err)
	}
	if c := see(); c != nil {
		t.Errorf("taken away, and still seen: %+v", c)
	}
}

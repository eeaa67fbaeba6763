package access_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
	"github.com/karuta-bi/karuta/internal/table/embedded"
)

// ages is a random company over time, with what the gate said at each moment.
type ages struct {
	*accesstest.World
	t     *rapid.T
	ctx   context.Context
	gate  *access.Gate // tells nobody of denials
	began time.Time
	ends  []time.Time // of shares that end by themselves
	said  []moment

	users, groups, boards, cards, datasets []string // all that ever were
}

// moment is what the gate said between two times at which nothing changed.
type moment struct {
	from, to time.Time
	views    map[sight]bool
}

type sight struct{ user, thing string }

func (a *ages) must(err error) {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err)
	}
}

// may lets pass what the world refuses because it is as it is.
func (a *ages) may(err error) {
	a.t.Helper()
	switch core.CodeOf(err) {
	case "", core.CodeNotFound, core.CodeDuplicate, core.CodeValidation, core.CodeConflict:
	default:
		a.t.Fatal(err)
	}
}

func (a *ages) one(ids []string) string {
	if len(ids) == 0 {
		return ""
	}
	return ids[rapid.IntRange(0, len(ids)-1).Draw(a.t, "which")]
}

func (a *ages) user() {
	u := &core.User{ID: core.NewID(core.NounUser), Email: fmt.Sprint(len(a.users), "@example.com"), Role: core.RoleUser, CreatedAt: store.Now()}
	if len(a.users) == 0 || rapid.IntRange(0, 3).Draw(a.t, "role") == 0 {
		u.Role = core.RoleAdmin
	}
	a.must(a.Store.Users.Create(a.ctx, u))
	a.users = append(a.users, u.ID)
}

func (a *ages) group() {
	g := &core.Group{ID: core.NewID(core.NounGroup), Name: fmt.Sprint("g", len(a.groups)), CreatedAt: store.Now()}
	a.must(a.Store.Groups.Create(a.ctx, g, g.Name))
	a.groups = append(a.groups, g.ID)
}

func (a *ages) dataset() {
	a.datasets = append(a.datasets, a.World.Dataset(&core.User{ID: a.one(a.users)}).ID)
}

func (a *ages) card() {
	d, err := a.Store.Datasets.Get(a.ctx, a.one(a.datasets))
	a.must(err)
	if d != nil {
		a.cards = append(a.cards, a.World.Card(&core.User{ID: a.one(a.users)}, d).ID)
	}
}

func (a *ages) board() {
	a.boards = append(a.boards, a.World.Dashboard(&core.User{ID: a.one(a.users)}, nil).ID)
}

func (a *ages) join() {
	_, err := a.Store.Groups.AddMember(a.ctx, a.one(a.groups), a.one(a.users))
	a.may(err)
}

func (a *ages) leave() { a.may(a.Store.Groups.RemoveMember(a.ctx, a.one(a.groups), a.one(a.users))) }

func (a *ages) endGroup() {
	_, err := a.Store.Groups.Delete(a.ctx, a.one(a.groups))
	a.may(err)
}

func (a *ages) sweep() {
	ended, err := a.Store.Groups.Unswept(a.ctx)
	a.must(err)
	for _, g := range ended {
		a.must(a.Store.Groups.Sweep(a.ctx, g.ID, "operator", func(string) error { return nil }, func(*core.Share) error { return nil }))
	}
}

func (a *ages) target() (core.TargetType, string) {
	if rapid.Bool().Draw(a.t, "to a group") && len(a.groups) > 0 {
		return core.TargetGroup, a.one(a.groups)
	}
	return core.TargetUser, a.one(a.users)
}

// end is when a share ends: never, long after the test, soon, or at once.
func (a *ages) end() time.Time {
	switch rapid.IntRange(0, 5).Draw(a.t, "end") {
	case 0:
		return store.Now().Add(time.Hour)
	case 1:
		at := store.Now().Add(15 * time.Millisecond)
		a.ends = append(a.ends, at)
		return at
	case 2:
		return store.Now()
	}
	return time.Time{}
}

func (a *ages) level() core.Permission {
	return rapid.SampledFrom([]core.Permission{core.PermissionViewer, core.PermissionEditor, core.PermissionOwner}).Draw(a.t, "level")
}

func (a *ages) share() {
	kind, id := a.target()
	a.may(a.Store.Shares.Create(a.ctx, &core.Share{DashboardID: a.one(a.boards), TargetType: kind, TargetID: id, Permission: a.level(), ExpiresAt: a.end()}, "operator"))
}

// shared is a share that is there, nil where none is.
func (a *ages) shared() *core.Share {
	shares, err := a.Store.Shares.Of(a.ctx, a.one(a.boards))
	a.must(err)
	if len(shares) == 0 {
		return nil
	}
	return shares[rapid.IntRange(0, len(shares)-1).Draw(a.t, "share")]
}

func (a *ages) reshare() {
	if s := a.shared(); s != nil {
		_, err := a.Store.Shares.Edit(a.ctx, s.DashboardID, s.TargetType, s.TargetID, "operator", func(s *core.Share) error {
			s.Permission, s.ExpiresAt = a.level(), a.end()
			return nil
		})
		a.must(err)
	}
}

func (a *ages) unshare() {
	if s := a.shared(); s != nil {
		a.must(a.Store.Shares.Delete(a.ctx, s, "operator"))
	}
}

// lay puts other cards on a page.
func (a *ages) lay() {
	cards := map[string]bool{}
	for range rapid.IntRange(0, 3).Draw(a.t, "cards") {
		cards[a.one(a.cards)] = true
	}
	delete(cards, "")
	found, err := a.Store.Cards.Many(a.ctx, a.cards)
	a.must(err)
	datasetOf := map[string]string{}
	for id, c := range found {
		datasetOf[id] = c.DatasetID
	}
	_, err = a.Store.Dashboards.Edit(a.ctx, a.one(a.boards), "operator", 0, datasetOf, func(d *core.Dashboard) error {
		d.Cards = nil
		for id := range cards {
			d.Cards = append(d.Cards, core.Placement{CardID: id, W: 1, H: 1})
		}
		return nil
	})
	a.may(err)
}

// copy copies a page, all of its cards by the way they came.
func (a *ages) copy() {
	from, err := a.Store.Dashboards.Get(a.ctx, a.one(a.boards))
	a.must(err)
	if from == nil {
		return
	}
	d := &core.Dashboard{ID: core.NewID(core.NounDashboard), Name: "copy", OwnerID: a.one(a.users), CreatedAt: store.Now()}
	for _, p := range from.Cards {
		p.Grants = append([]string{from.ID}, p.Grants...)
		d.Cards = append(d.Cards, p)
	}
	if err = a.Store.Dashboards.Clone(a.ctx, d, from.ID, nil); err == nil {
		a.boards = append(a.boards, d.ID)
	}
	a.may(err)
}

func (a *ages) giveBoard() {
	d, err := a.Store.Dashboards.Get(a.ctx, a.one(a.boards))
	a.must(err)
	to := a.one(a.users)
	if d == nil || d.OwnerID == to {
		return
	}
	keep := rapid.SampledFrom([]core.Permission{core.PermissionNone, core.PermissionViewer, core.PermissionOwner}).Draw(a.t, "keep")
	_, err = a.Store.Dashboards.Transfer(a.ctx, store.Handover{ID: d.ID, FromID: d.OwnerID, ToID: to, Keep: keep,
		Notice: core.Notice{ID: core.NewID(core.NounNotice), UserID: to}})
	a.may(err)
}

func (a *ages) endBoard() {
	d, err := a.Store.Dashboards.Get(a.ctx, a.one(a.boards))
	a.must(err)
	if d != nil {
		a.must(a.Store.Dashboards.Delete(a.ctx, d, "operator"))
	}
}

func (a *ages) giveCard() {
	_, err := a.Store.Cards.Edit(a.ctx, a.one(a.cards), 0, func(c *core.Card) error { c.OwnerID = a.one(a.users); return nil })
	a.must(err)
}

func (a *ages) giveDataset() {
	_, err := a.Store.Datasets.Edit(a.ctx, a.one(a.datasets), 0, func(d *core.Dataset) error { d.OwnerID = a.one(a.users); return nil })
	a.must(err)
}

// free is a card that lies nowhere, nil for none.
func (a *ages) free() *core.Card {
	id := a.one(a.cards)
	on, err := a.Store.Dashboards.HoldingCard(a.ctx, id, 1)
	a.must(err)
	if len(on) > 0 {
		return nil
	}
	c, err := a.Store.Cards.Get(a.ctx, id)
	a.must(err)
	return c
}

func (a *ages) readOther() {
	if c := a.free(); c != nil {
		_, err := a.Store.Cards.Edit(a.ctx, c.ID, 0, func(c *core.Card) error { c.DatasetID = a.one(a.datasets); return nil })
		a.may(err) // the dataset may be gone
	}
}

func (a *ages) endCard() {
	if c := a.free(); c != nil {
		a.must(a.Store.Cards.Delete(a.ctx, c))
	}
}

func (a *ages) endDataset() {
	id := a.one(a.datasets)
	on, err := a.Store.Cards.ByDataset(a.ctx, id, core.PageArgs{First: 1})
	a.must(err)
	d, err := a.Store.Datasets.Get(a.ctx, id)
	a.must(err)
	if d != nil && len(on.Nodes) == 0 {
		a.must(a.Store.Datasets.Delete(a.ctx, d, store.Now()))
	}
}

func (a *ages) reviveDataset() {
	gone, err := a.Store.Datasets.Deleted(a.ctx, a.one(a.datasets))
	a.must(err)
	if gone != nil {
		_, err = a.Store.Datasets.Undelete(a.ctx, gone)
		a.must(err)
	}
}

func (a *ages) role() {
	role := rapid.SampledFrom([]core.Role{core.RoleAdmin, core.RoleUser}).Draw(a.t, "role")
	_, err := a.Store.Users.StepDown(a.ctx, a.one(a.users), func(u *core.User) error { u.Role = role; return nil })
	a.may(err)
}

func (a *ages) deactivate() {
	_, err := a.Store.Users.StepDown(a.ctx, a.one(a.users), func(u *core.User) error {
		if u.Active() {
			u.DeactivatedAt = store.Now()
		}
		return nil
	})
	a.may(err)
}

// pass waits for the next millisecond, so that what happened and what happens
// next have an order in time.
func pass(after time.Time) {
	for !store.Now().After(after) {
		runtime.Gosched()
	}
}

// ask asks the gate what everybody sees of everything. Where a share ends while
// it asks, it asks again.
func (a *ages) ask() {
	for {
		m := moment{from: store.Now(), views: map[sight]bool{}}
		for _, userID := range a.users {
			u, err := a.Store.Users.Get(a.ctx, userID)
			a.must(err)
			for _, id := range slices.Concat(a.boards, a.cards, a.datasets) {
				m.views[sight{userID, id}] = u.Active() && a.views(u, id)
			}
		}
		m.to = store.Now()
		if !slices.ContainsFunc(a.ends, func(at time.Time) bool { return !at.Before(m.from) && !at.After(m.to) }) {
			a.said = append(a.said, m)
			pass(m.to)
			return
		}
		pass(m.to)
	}
}

func (a *ages) views(u *core.User, id string) bool {
	ctx := core.WithActor(a.ctx, &core.Actor{User: u})
	var err error
	switch noun, _ := core.NounOf(id); noun {
	case core.NounDashboard:
		_, err = a.gate.RequireDashboard(ctx, "id", id, access.View)
	case core.NounCard:
		_, err = a.gate.RequireCard(ctx, "id", id, access.View)
	case core.NounDataset:
		_, err = a.gate.RequireDataset(ctx, "id", id, access.View)
	}
	a.may(err)
	return err == nil
}

// past is what all histories tell together.
func (a *ages) past() *access.Past {
	p := access.NewPast()
	for _, id := range slices.Concat(a.users, a.groups, a.cards, a.datasets) {
		changes, err := a.Store.Rights.Of(a.ctx, id)
		a.must(err)
		p.Tell(id, changes)
	}
	for _, id := range a.boards {
		changes, err := a.Store.Shares.History(a.ctx, id)
		a.must(err)
		p.TellBoard(id, changes)
	}
	return p
}

// report is a whole report, read in pages.
func (a *ages) report(in access.ReportInput) []*core.AccessInterval {
	found := []*core.AccessInterval{}
	in.Since = a.began
	rep, err := access.NewReports(a.Store, a.gate, a.Audit).AccessReport(a.ctx, in)
	a.must(err)
	for page := (core.PageArgs{First: 7}); ; {
		got, err := rep.CouldSee(page)
		a.must(err)
		found = append(found, got.Nodes...)
		if !got.HasNext {
			return found
		}
		page.After = got.EndCursor()
	}
}

func covers(all []*core.AccessInterval, s sight, at time.Time) bool {
	return slices.ContainsFunc(all, func(i *core.AccessInterval) bool {
		return i.UserID == s.user && i.ResourceID == s.thing && !at.Before(i.From) && (i.To == nil || at.Before(*i.To))
	})
}

// check compares everything that was said with what the histories tell now, and
// with the reports on one of each.
func (a *ages) check() {
	past := a.past()
	ofThing, ofUser := map[string][]*core.AccessInterval{}, map[string][]*core.AccessInterval{}
	for _, id := range []string{a.one(a.boards), a.one(a.cards), a.one(a.datasets)} {
		ofThing[id] = a.report(access.ReportInput{ResourceID: id})
	}
	user := a.one(a.users)
	ofUser[user] = a.report(access.ReportInput{UserID: user})
	for _, m := range a.said {
		for s, sees := range m.views {
			for _, at := range []time.Time{m.from, m.to} {
				if told := past.CouldView(s.user, s.thing, at); told != sees {
					a.t.Errorf("%v at %s: the gate said %t, the histories say %t: %+v", s, at, sees, told, past.Ways(s.user, s.thing))
				}
				if told := covers(ofThing[s.thing], s, at); told != sees && ofThing[s.thing] != nil {
					a.t.Errorf("%v at %s: the gate said %t, the report on the thing %t", s, at, sees, told)
				}
				if s.user != user {
					continue
				}
				all := covers(ofUser[s.user], sight{user: s.user}, at)
				if told := covers(ofUser[s.user], s, at); told && !sees || !told && !all && sees {
					a.t.Errorf("%v at %s: the gate said %t, the report on the person %t, as an administrator %t", s, at, sees, told, all)
				}
			}
		}
	}
}

// PRM-3: whatever happened in a company, its histories alone tell for every
// moment of it what the gate said then, and so do the reports made of them.
func TestPastAgreesWithTheGate(t *testing.T) {
	steps := 15
	if os.Getenv("KARUTA_LONG") != "" {
		steps = 250
	}
	rapid.Check(t, func(rt *rapid.T) {
		engine, err := embedded.Open(filepath.Join(t.TempDir(), core.NewID("db")))
		if err != nil {
			rt.Fatal(err)
		}
		defer engine.Close()
		a := &ages{World: accesstest.Over(t, engine, slog.New(slog.DiscardHandler)), t: rt, began: store.Now()}
		a.gate = access.New(a.Store, func(context.Context, access.Denial) {})
		a.ctx = core.AsSystem(t.Context(), "operator")
		for _, make := range []func(){a.user, a.user, a.user, a.group, a.group, a.dataset, a.card, a.dataset, a.card, a.board, a.board, a.board,
			a.join, a.join, a.join, a.share, a.share, a.share, a.lay, a.lay, a.lay, a.copy} {
			make()
		}
		happens := []func(){
			a.user, a.group, a.dataset, a.card, a.board, a.join, a.join, a.join, a.leave, a.endGroup, a.sweep, a.share, a.share, a.share, a.share,
			a.reshare, a.unshare, a.copy, a.giveBoard, a.lay, a.lay, a.lay, a.endBoard, a.giveCard, a.giveDataset, a.readOther, a.endCard, a.endDataset, a.endDataset, a.reviveDataset, a.reviveDataset, a.role, a.deactivate,
		}
		for range steps {
			happens[rapid.IntRange(0, len(happens)-1).Draw(rt, "happens")]()
			pass(store.Now())
			a.ask()
		}
		a.check()
	})
}

package store_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// asked is a context in which somebody makes a change.
func asked(t *testing.T, actorID string) context.Context {
	return core.WithActor(t.Context(), &core.Actor{User: &core.User{ID: actorID}})
}

// toldLines are the lines of a history as words, with its times in order.
func toldLines(t *testing.T, changes []core.RightsChange, err error) []string {
	t.Helper()
	must(t, err)
	if !slices.IsSortedFunc(changes, func(a, b core.RightsChange) int { return a.At.Compare(b.At) }) {
		t.Errorf("the history is out of order: %v", changes)
	}
	var lines []string
	for _, c := range changes {
		line := string(c.Kind) + " by " + c.ActorID
		if c.OtherID != "" {
			line += " with " + c.OtherID
		}
		for _, name := range []string{"role", "cards"} {
			if c.Details[name] != "" {
				line += " " + c.Details[name]
			}
		}
		lines = append(lines, line)
	}
	return lines
}

func (w *world) wantHistory(t *testing.T, subjectID string, want ...string) {
	t.Helper()
	changes, err := w.Rights.Of(t.Context(), subjectID)
	wantIDs(t, "history of "+subjectID, toldLines(t, changes, err), want)
	for _, c := range changes {
		if c.SubjectID != subjectID || c.At.IsZero() {
			t.Errorf("a line of another subject or of no time: %+v", c)
		}
	}
}

// peoplesHistoryTellsTheirRights: created, made and unmade an administrator,
// deactivated, each with who did it, and nothing for what is no right.
func peoplesHistoryTellsTheirRights(t *testing.T, st *world) {
	ctx := asked(t, "user_boss")
	boss := &core.User{ID: core.NewID(core.NounUser), Email: "b@example.com", Role: core.RoleAdmin, CreatedAt: store.Now()}
	must(t, st.Users.Create(ctx, boss))
	u := &core.User{ID: core.NewID(core.NounUser), Email: "u@example.com", Role: core.RoleUser, CreatedAt: store.Now()}
	must(t, st.Users.Create(ctx, u))
	for _, change := range []func(*core.User){
		func(u *core.User) { u.Name = "renamed" },
		func(u *core.User) { u.Role = core.RoleAdmin },
		func(u *core.User) { u.Role = core.RoleUser },
		func(u *core.User) { u.DeactivatedAt = time.Now() },
	} {
		tick()
		_, err := st.Users.StepDown(ctx, u.ID, func(u *core.User) error { change(u); return nil })
		must(t, err)
	}
	st.wantHistory(t, u.ID, "created by user_boss USER", "role by user_boss ADMIN", "role by user_boss USER", "deactivated by user_boss")
	admins, err := st.Rights.Admins(t.Context())
	wantIDs(t, "administrators", toldLines(t, admins, err), []string{"created by user_boss ADMIN", "role by user_boss ADMIN", "role by user_boss USER"})
	if admins[0].SubjectID != boss.ID || admins[1].SubjectID != u.ID {
		t.Errorf("the administrators are not told apart: %+v", admins)
	}
	if none, err := st.Rights.Of(t.Context(), core.NewID(core.NounDashboard)); err != nil || none != nil {
		t.Errorf("a dashboard's rights are told: %v, %v", none, err)
	}
}

// aPersonsFactsAreKeptWithTheirHistory: each line tells attributes and access to
// personal data as they are from then on.
func aPersonsFactsAreKeptWithTheirHistory(t *testing.T, st *world) {
	ctx, u := asked(t, "user_boss"), st.user(t, "u@example.com")
	for _, change := range []func(*core.User){
		func(u *core.User) {
			u.Attributes = map[string][]string{"department": {"営業", "企画"}, "region": {"関東"}}
		},
		func(u *core.User) { u.Name = "renamed" },
		func(u *core.User) { u.PIIAccess = true },
		func(u *core.User) { u.Attributes = nil },
	} {
		tick()
		_, err := st.Users.Edit(ctx, u.ID, func(u *core.User) error { change(u); return nil })
		must(t, err)
	}
	got, err := st.Users.Get(t.Context(), u.ID)
	if err != nil || !got.PIIAccess || got.Attributes != nil {
		t.Errorf("%+v, %v", got, err)
	}
	changes, err := st.Rights.Of(t.Context(), u.ID)
	must(t, err)
	const both = `{"department":["営業","企画"],"region":["関東"]}`
	told := []string{}
	for _, c := range changes[1:] {
		told = append(told, string(c.Kind)+" by "+c.ActorID+" "+c.Details["attributes"]+" "+c.Details["pii_access"])
	}
	wantIDs(t, "facts", told, []string{
		"attributes by user_boss " + both + " false", "attributes by user_boss " + both + " true", "attributes by user_boss null true",
	})
}

// groupsHistoryTellsMembers: a membership is told on both sides, a refused one on neither.
func groupsHistoryTellsMembers(t *testing.T, st *world) {
	ctx, u, g := asked(t, "user_boss"), st.user(t, "u@example.com"), st.group(t, "g")
	tick()
	_, err := st.Groups.AddMember(ctx, g.ID, u.ID)
	must(t, err)
	_, err = st.Groups.AddMember(ctx, g.ID, u.ID)
	wantCode(t, err, core.CodeDuplicate)
	tick()
	must(t, st.Groups.RemoveMember(ctx, g.ID, u.ID))
	wantCode(t, st.Groups.RemoveMember(ctx, g.ID, u.ID), core.CodeNotFound)
	st.wantHistory(t, g.ID, "created by ", "member_added by user_boss with "+u.ID, "member_removed by user_boss with "+u.ID)
	st.wantHistory(t, u.ID, "created by  USER", "member_added by user_boss with "+g.ID, "member_removed by user_boss with "+g.ID)
}

// thingsHistoryTellsOwnersAndPlaces: of datasets and cards, also when they are gone.
func thingsHistoryTellsOwnersAndPlaces(t *testing.T, st *world) {
	ctx, owner, other := asked(t, "user_boss"), core.NewID(core.NounUser), core.NewID(core.NounUser)
	ds, second := st.dataset(t, owner, "d"), st.dataset(t, owner, "e")
	reads, text := st.card(t, owner, ds.ID), st.card(t, owner, "")
	d := st.dashboard(t, owner)
	place := func(ids ...string) {
		tick()
		_, err := st.Dashboards.Edit(ctx, d.ID, owner, 0, map[string]string{reads.ID: ds.ID}, func(d *core.Dashboard) error {
			d.Cards = nil
			for _, id := range ids {
				d.Cards = append(d.Cards, core.Placement{CardID: id, W: 1, H: 1})
			}
			return nil
		})
		must(t, err)
	}
	place(reads.ID, text.ID)
	place(text.ID)
	tick()
	edited, err := st.Cards.Edit(ctx, reads.ID, 0, func(c *core.Card) error { c.OwnerID = other; return nil })
	must(t, err)
	tick()
	edited, err = st.Cards.Edit(ctx, reads.ID, edited.Version, func(c *core.Card) error { c.Name, c.DatasetID = "new", second.ID; return nil })
	must(t, err)
	tick()
	must(t, st.Cards.Delete(ctx, edited))
	moved, err := st.Datasets.Edit(ctx, ds.ID, 0, func(d *core.Dataset) error { d.OwnerID = other; return nil })
	must(t, err)
	tick()
	must(t, st.Datasets.Delete(ctx, moved, store.Now()))
	st.wantHistory(t, reads.ID, "created by  with "+owner, "owner by user_boss with "+other, "dataset by user_boss with "+second.ID, "deleted by user_boss")
	st.wantHistory(t, ds.ID, "created by  with "+owner, "placed by "+owner+" with "+d.ID+" "+reads.ID, "owner by user_boss with "+other, "deleted by user_boss")
	st.wantHistory(t, text.ID, "created by  with "+owner, "placed by "+owner+" with "+d.ID+" "+text.ID)
}

// whatWasEverOpenIsFoundWhenItIsGone: owned and shared things, after they were
// given away, taken back or deleted, each once and in one query for each list.
func whatWasEverOpenIsFoundWhenItIsGone(t *testing.T, st *world) {
	ctx, owner, other, viewer, g := t.Context(), core.NewID(core.NounUser), core.NewID(core.NounUser), st.user(t, "v@example.com"), st.group(t, "g")
	ds, card := st.dataset(t, owner, "d"), st.card(t, owner, "")
	given, err := st.Datasets.Edit(ctx, ds.ID, 0, func(d *core.Dataset) error { d.OwnerID = other; return nil })
	must(t, err)
	must(t, st.Datasets.Delete(ctx, given, store.Now()))
	must(t, st.Cards.Delete(ctx, card))
	d, second := st.dashboard(t, owner), st.dashboard(t, owner)
	for _, s := range []*core.Share{
		{DashboardID: d.ID, TargetType: core.TargetUser, TargetID: viewer.ID, Permission: core.PermissionViewer},
		{DashboardID: second.ID, TargetType: core.TargetGroup, TargetID: g.ID, Permission: core.PermissionViewer},
	} {
		must(t, st.Shares.Create(ctx, s, owner))
		must(t, st.Shares.Delete(ctx, s, owner))
	}
	must(t, st.Dashboards.Delete(ctx, d, owner))
	st.calls.Take()
	for id, want := range map[string][]string{owner: {card.ID, ds.ID}, other: {ds.ID}, viewer.ID: nil} {
		ids, err := st.Rights.EverOwned(ctx, id)
		must(t, err)
		wantIDs(t, "ever owned", ids, want)
	}
	if calls := st.calls.Take(); len(calls) != 9 {
		t.Errorf("%d calls for three people", len(calls))
	}
	for target, want := range map[core.Target][]string{
		{Type: core.TargetUser, ID: owner}:     {d.ID, second.ID},
		{Type: core.TargetUser, ID: viewer.ID}: {d.ID},
		{Type: core.TargetGroup, ID: g.ID}:     {second.ID},
	} {
		ids, err := st.Shares.EverOpenTo(ctx, target.Type, target.ID)
		must(t, err)
		wantIDs(t, "ever open", ids, want)
		st.wantCalls(t, "Query dashboard_shares/HistoryByTarget")
	}
	if shared, err := st.Shares.Every(ctx, core.TargetUser, viewer.ID); err != nil || len(shared) != 0 {
		t.Errorf("history is among the shares: %v, %v", shared, err)
	}
}

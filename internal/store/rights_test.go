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

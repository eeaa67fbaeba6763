package identity

import (
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
)

// Asking about somebody else is on record, asking about oneself is not.
func TestQuestionsAreRecorded(t *testing.T) { // SH-7
	w := newWorld(t)
	owner, viewer := w.account("owner"), w.account("viewer")
	d := w.Dashboard(owner, nil)
	w.Share(d, viewer, core.PermissionViewer)
	for _, u := range []*core.User{owner, viewer} {
		e, err := w.WhyCanAccess(w.As(u), viewer.ID, d.ID)
		if err != nil || !e.Allowed || e.CanEdit || len(e.Paths) != 1 || e.Paths[0].Kind != core.PathShare {
			t.Errorf("%s is told %+v, %v", u.Email, e, err)
		}
	}
	evs := w.Events(core.EventAccessExplained)
	if len(evs) != 1 || evs[0].UserID != owner.ID || evs[0].TargetID != viewer.ID || evs[0].Details["resource"] != d.ID || evs[0].Details["allowed"] != "true" {
		t.Errorf("recorded %+v", evs)
	}
}

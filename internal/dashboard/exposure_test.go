package dashboard_test

import (
	"slices"
	"testing"

	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
)

// What a share would show is told before it is made: the data with what is
// classified in it, and the copied cards that stay closed.
func TestShareExposure(t *testing.T) { // SH-6, SH-9
	w := newWorld(t)
	salary := core.Column{Name: "給与", Type: core.TypeInt64, Class: core.ClassConfidential}
	mine := w.Card(w.viewer, w.Dataset(w.viewer, core.Column{Name: "地域", Type: core.TypeString, Class: core.ClassNone}, salary))
	from := w.Dashboard(w.owner, nil, w.card, mine)
	w.Share(from, w.viewer, core.PermissionViewer)
	w.ShareGroup(from, w.group, core.PermissionViewer)
	d := clone(t, w, w.viewer, from.ID)
	for to, hidden := range map[core.Target][]string{
		{Type: core.TargetUser, ID: w.other.ID}:  {w.card.ID},
		{Type: core.TargetGroup, ID: w.group.ID}: {},
	} {
		ex, err := w.s.ShareExposure(w.As(w.viewer), d.ID, to)
		if err != nil || !slices.Equal(ex.Hidden, hidden) || len(ex.Datasets) != 2-len(hidden) || len(ex.Paths) != 0 {
			t.Fatalf("to %s: %+v, %v", to.Type, ex, err)
		}
		if to.Type == core.TargetUser && (ex.People != 1 || ex.Datasets[0].ID != mine.DatasetID || !slices.Equal(ex.Datasets[0].Classified, []core.Column{salary})) {
			t.Errorf("got %+v", ex)
		}
	}
	w.Share(d, w.other, core.PermissionEditor)
	ex, err := w.s.ShareExposure(w.As(w.viewer), d.ID, core.Target{Type: core.TargetUser, ID: w.other.ID})
	if err != nil || len(ex.Paths) != 1 || ex.Paths[0].Permission != core.PermissionEditor {
		t.Errorf("got %+v, %v", ex, err)
	}
	_, err = w.s.ShareExposure(w.As(w.other), d.ID, core.Target{Type: core.TargetUser, ID: w.editor.ID})
	accesstest.Code(t, "by an editor", err, core.CodeForbidden, "owner_only")
	_, err = w.s.ShareExposure(w.As(w.viewer), d.ID, core.Target{Type: core.TargetUser, ID: core.NewID(core.NounUser)})
	accesstest.Code(t, "to nobody", err, core.CodeNotFound)
}

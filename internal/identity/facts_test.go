package identity

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
)

// Issue 4: administrators keep what policies ask for; what is not named is taken
// away, and doing it again changes and records nothing.
func TestAttributesAreReplaced(t *testing.T) {
	w := newWorld(t)
	by, u := w.As(w.admin), w.User("hanako")
	set := func(attributes ...core.Attribute) *core.User {
		t.Helper()
		_, err := w.SetAttributes(by, u.ID, attributes)
		w.must(err)
		now, err := w.Store.Users.Get(t.Context(), u.ID)
		w.must(err)
		return now
	}
	first := set(core.Attribute{Name: " department ", Values: []string{"営業", "企画"}}, core.Attribute{Name: "region", Values: []string{"関東"}})
	if want := map[string][]string{"department": {"営業", "企画"}, "region": {"関東"}}; !reflect.DeepEqual(first.Attributes, want) {
		t.Errorf("kept %v", first.Attributes)
	}
	if again := set(first.AttributeList()...); again.Version != first.Version {
		t.Error("the same again is a change")
	}
	if none := set(); none.Attributes != nil {
		t.Errorf("kept %v", none.Attributes)
	}
	for range 2 {
		if changed, err := w.SetPIIAccess(by, u.ID, true); err != nil || !changed.PIIAccess {
			t.Errorf("%+v, %v", changed, err)
		}
	}
	var recorded []string
	for _, ev := range w.Events(core.EventUserUpdated) {
		if ev.UserID != w.admin.ID || ev.TargetID != u.ID {
			t.Errorf("recorded %+v", ev)
		}
		recorded = append(recorded, fmt.Sprint(ev.Details))
	}
	slices.Sort(recorded)
	if want := []string{"map[attributes:]", "map[attributes:department, region]", "map[piiAccess:true]"}; !slices.Equal(recorded, want) {
		t.Errorf("recorded %q", recorded)
	}
}

func TestAttributesThatAreRefused(t *testing.T) {
	w := newWorld(t)
	many := make([]core.Attribute, core.MaxAttributes)
	for i := range many {
		many[i] = core.Attribute{Name: fmt.Sprint("n", i)}
		for j := range core.MaxAttributes {
			many[i].Values = append(many[i].Values, fmt.Sprint(j, strings.Repeat("あ", 150)))
		}
	}
	for what, c := range map[string]struct {
		given         []core.Attribute
		reason, field string
	}{
		"a name twice":     {[]core.Attribute{{Name: "a", Values: []string{"x"}}, {Name: "a ", Values: []string{"y"}}}, "duplicate_item", "input.attributes.1.name"},
		"a value twice":    {[]core.Attribute{{Name: "a", Values: []string{"x", " x"}}}, "duplicate_item", "input.attributes.0.values.1"},
		"no value":         {[]core.Attribute{{Name: "a"}}, "required", "input.attributes.0.values"},
		"too much at once": {many, "too_large", "input.attributes"},
	} {
		_, err := w.SetAttributes(w.As(w.admin), w.admin.ID, c.given)
		accesstest.Code(t, what, err, core.CodeValidation, c.reason)
		if e, ok := err.(*core.Error); !ok || e.Field != c.field {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestProfileChangesWhatIsGiven(t *testing.T) {
	w := newWorld(t)
	u, name, locale := w.User("hanako"), "花子", core.English
	if got, err := w.UpdateProfile(w.As(u), Profile{Locale: &locale}); err != nil || got.Locale != core.English || got.Name != u.Name {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := w.UpdateProfile(w.As(u), Profile{Name: &name}); err != nil || got.Locale != core.English || got.Name != name {
		t.Errorf("%+v, %v", got, err)
	}
	if evs := w.Events(core.EventUserUpdated); len(evs) != 2 || evs[0].Details["fields"]+evs[1].Details["fields"] != "namelocale" {
		t.Errorf("recorded %+v", evs)
	}
}

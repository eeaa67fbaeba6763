package store_test

import (
	"reflect"
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// policiesAndClassesHaveAHistory: what decides who sees what is kept as it was
// given, and each change of it, but no other change, is a line of history.
func policiesAndClassesHaveAHistory(t *testing.T, st *world) {
	d := st.dataset(t, core.NewID(core.NounUser), "d")
	ctx := asked(t, "user_boss")
	policy := core.Policy{
		ID: core.NewID(core.NounPolicy), Name: "東日本", Targets: []core.Target{{Type: core.TargetGroup, ID: core.NewID(core.NounGroup)}},
		Rows: &core.RowCondition{Op: core.OpOr, Args: []core.RowCondition{
			{Op: core.OpIn, Column: "a", Values: []string{"1"}, IncludeNull: true}, {Op: core.OpIn, Column: "a", Attribute: "支店"},
		}},
		Masked:    []core.MaskedColumn{{Column: "a", Mask: core.MaskAll}},
		CreatedBy: "user_boss", CreatedAt: store.Now(), UpdatedAt: store.Now(),
	}
	edit := func(change func(*core.Dataset)) *core.Dataset {
		t.Helper()
		tick()
		after, err := st.Datasets.Edit(ctx, d.ID, 0, func(d *core.Dataset) error { change(d); return nil })
		must(t, err)
		return after
	}
	st.calls.Take()
	edit(func(d *core.Dataset) { d.Policies = []core.Policy{policy} })
	st.wantCalls(t, "Get datasets", "Transact datasets")
	edit(func(d *core.Dataset) { d.Name = "renamed" })
	st.wantCalls(t, "Get datasets", "Write datasets")
	edit(func(d *core.Dataset) { d.Columns[0].Class = core.ClassDirect })
	got, err := st.Datasets.Get(t.Context(), d.ID)
	if err != nil || !reflect.DeepEqual(got.Policies, []core.Policy{policy}) || got.Columns[0].Class != core.ClassDirect {
		t.Errorf("read %+v, %v", got, err)
	}
	edit(func(d *core.Dataset) { d.Policies = nil })
	changes, err := st.Rights.Of(t.Context(), d.ID)
	must(t, err)
	var told []core.RightsChange
	for _, c := range changes {
		if c.Kind == core.RightsPolicies {
			told = append(told, c)
		}
	}
	if len(told) != 3 || told[0].ActorID != "user_boss" || told[1].Details["policies"] != told[0].Details["policies"] ||
		told[1].Details["classes"] != `{"`+d.Columns[0].Name+`":"DIRECT"}` || told[2].Details["policies"] != "null" {
		t.Errorf("history is %+v", told)
	}
}

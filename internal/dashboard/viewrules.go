package dashboard

import (
	"encoding/json"

	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/core"
)

// maxViewState bounds what a filter view chooses, in bytes of JSON: lists of
// views are read as a whole.
const maxViewState = 64 << 10

// rightToKeep is what keeping something on a dashboard takes: for oneself to
// view it, for others to edit it.
func rightToKeep(forOthers bool) access.Right {
	if forOthers {
		return access.Edit
	}
	return access.View
}

// checkView checks a whole view and trims its name.
func checkView(v *core.FilterView) (err error) {
	if v.Name, err = core.CheckName("input.name", v.Name); err != nil {
		return err
	}
	if err := core.CheckFilterValues("input.filters", v.Filters); err != nil {
		return err
	}
	if state, _ := json.Marshal(v.Filters); len(state) > maxViewState { // texts and numbers always encode
		return core.Invalid("input.filters", "too_large", "max", maxViewState)
	}
	return nil
}

// applyView writes a change into the view and checks the whole.
func applyView(v *core.FilterView, c ViewChange) error {
	if c.Name != nil {
		v.Name = *c.Name
	}
	if c.Filters != nil {
		v.Filters = c.Filters
	}
	if c.Shared != nil {
		v.Shared = *c.Shared
	}
	return checkView(v)
}

// firstVisible is the person's own default where they still see it, else
// everybody's where it is still shared. The dashboard is open to them.
func firstVisible(userID string, personal, all *core.FilterView) *core.FilterView {
	for _, v := range []*core.FilterView{personal, all} {
		if v == nil {
			continue
		}
		v.CanRun = true
		if v == personal && v.VisibleTo(userID) || v.Default {
			return v
		}
	}
	return nil
}

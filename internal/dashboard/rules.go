package dashboard

import (
	"fmt"
	"slices"

	"github.com/karuta-bi/karuta/internal/core"
)

// Bounds of a layout in grid units, and of a filter's texts in characters.
const (
	maxY       = 1000
	maxH       = 50
	maxColumn  = 200
	maxLabel   = 100
	maxOptions = 500
	maxOption  = 1000
)

// checkChange checks what a change says by itself and trims its texts.
func checkChange(c *Change) (err error) {
	if c.Version < 1 {
		return core.Invalid("input.version", "bad_value")
	}
	if c.Name != nil {
		name, err := core.CheckName("input.name", *c.Name)
		if err != nil {
			return err
		}
		c.Name = &name
	}
	if c.Description != nil {
		if err := core.CheckText("input.description", *c.Description, core.MaxDescription); err != nil {
			return err
		}
	}
	if c.Cards != nil {
		if err := checkLayout(*c.Cards); err != nil {
			return err
		}
	}
	if c.Filters != nil {
		filters, err := checkFilters(*c.Filters)
		if err != nil {
			return err
		}
		c.Filters = &filters
	}
	return nil
}

func place(i int, part string) string { return fmt.Sprintf("input.layout.cards.%d.%s", i, part) }

func checkLayout(cards []core.Placement) error {
	if len(cards) > core.MaxDashboardCards {
		return core.Invalid("input.layout.cards", "too_many", "max", core.MaxDashboardCards)
	}
	seen := map[string]bool{}
	for i, p := range cards {
		if err := core.CheckID(place(i, "cardId"), p.CardID, core.NounCard); err != nil {
			return err
		}
		if seen[p.CardID] {
			return core.Invalid(place(i, "cardId"), "duplicate_item")
		}
		seen[p.CardID] = true
		if err := checkPlace(i, p); err != nil {
			return err
		}
	}
	return nil
}

func checkPlace(i int, p core.Placement) error {
	for _, b := range []struct {
		part               string
		value, least, most int
	}{
		{"x", p.X, 0, core.GridColumns - 1}, {"y", p.Y, 0, maxY}, {"w", p.W, 1, core.GridColumns}, {"h", p.H, 1, maxH},
	} {
		if b.value < b.least || b.value > b.most {
			return core.Invalid(place(i, b.part), "out_of_range", "min", b.least, "max", b.most)
		}
	}
	if p.X+p.W > core.GridColumns {
		return core.Invalid(place(i, "w"), "off_grid")
	}
	return nil
}

func checkFilters(filters []core.Filter) ([]core.Filter, error) {
	if len(filters) > core.MaxDashboardFilters {
		return nil, core.Invalid("input.filters", "too_many", "max", core.MaxDashboardFilters)
	}
	seen := map[string]bool{}
	out := slices.Clone(filters)
	for i := range out {
		f := &out[i]
		if err := checkFilter(fmt.Sprintf("input.filters.%d.", i), f); err != nil {
			return nil, err
		}
		if f.ID != "" && seen[f.ID] {
			return nil, core.Invalid(fmt.Sprintf("input.filters.%d.id", i), "duplicate_item")
		}
		seen[f.ID] = true
	}
	return out, nil
}

func checkFilter(at string, f *core.Filter) (err error) {
	if f.ID != "" {
		if err := core.CheckID(at+"id", f.ID, core.NounFilter); err != nil {
			return err
		}
	}
	if f.Type != core.FilterCategory && f.Type != core.FilterDateRange {
		return core.Invalid(at+"type", "bad_choice", "choices", "CATEGORY, DATE_RANGE")
	}
	if f.Column == "" {
		return core.Invalid(at+"column", "required")
	}
	if err := core.CheckText(at+"column", f.Column, maxColumn); err != nil {
		return err
	}
	if f.Label, err = core.CheckLine(at+"label", f.Label, maxLabel); err != nil {
		return err
	}
	if len(f.Options) > maxOptions {
		return core.Invalid(at+"options", "too_many", "max", maxOptions)
	}
	for i, o := range f.Options {
		if err := core.CheckText(fmt.Sprintf("%soptions.%d", at, i), o, maxOption); err != nil {
			return err
		}
	}
	return nil
}

// apply writes a checked change into the dashboard. Cards that are new on it
// must be among the allowed ones: somebody may have taken a card off since the
// rights were asked for.
func apply(d *core.Dashboard, c Change, allowed map[string]string) error {
	if c.Cards != nil {
		cards, err := lay(d, c, allowed)
		if err != nil {
			return err
		}
		d.Cards = cards
	}
	if c.Filters != nil {
		filters, err := nameFilters(*c.Filters, d.Filters)
		if err != nil {
			return err
		}
		d.Filters = filters
	}
	if c.Name != nil {
		d.Name = *c.Name
	}
	if c.Description != nil {
		d.Description = *c.Description
	}
	return nil
}

// lay is the new layout. Cards that stay keep their grants, whatever the change
// says; a card that comes by somebody's own right has none.
func lay(d *core.Dashboard, c Change, allowed map[string]string) ([]core.Placement, error) {
	cards := slices.Clone(*c.Cards)
	for i := range cards {
		p := &cards[i]
		before, stays := d.Place(p.CardID)
		if _, ok := allowed[p.CardID]; !ok && !stays {
			return nil, core.Conflict(c.Version, d.Version)
		}
		p.Grants = before.Grants
	}
	return cards, nil
}

// nameFilters gives new filters their ids; those with an id must exist.
func nameFilters(filters, have []core.Filter) ([]core.Filter, error) {
	out := slices.Clone(filters)
	for i := range out {
		if out[i].ID == "" {
			out[i].ID = core.NewID(core.NounFilter)
			continue
		}
		if !slices.ContainsFunc(have, func(f core.Filter) bool { return f.ID == out[i].ID }) {
			return nil, core.NotFound(fmt.Sprintf("input.filters.%d.id", i))
		}
	}
	return out, nil
}

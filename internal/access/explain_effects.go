package access

import (
	"cmp"
	"context"
	"slices"

	"github.com/karuta-bi/karuta/internal/core"
)

// tellEffects adds what a person sees of the data behind a thing that is open to
// them. The whole of it hear the owner of the dataset and administrators; others
// hear of themselves how much they see, and of anybody else nothing.
func (g *Gate) tellEffects(ctx, theirs context.Context, e *core.Explanation, t *thing) error {
	datasets, err := g.dataOf(theirs, t)
	if err != nil {
		return err
	}
	for _, d := range datasets {
		mayRead := owns(ctx, d.OwnerID, View)
		if !mayRead && !core.ActorFrom(ctx).Is(e.UserID) {
			continue
		}
		viewer, err := g.viewer(theirs, d)
		if err != nil {
			return err
		}
		effect := effectOf(viewer, d)
		if !mayRead {
			effect = effect.Blurred()
		}
		e.Effects = append(e.Effects, effect)
		e.Missing = append(e.Missing, missingOf(effect, d)...)
	}
	if len(e.Missing) == 0 {
		return nil
	}
	admins, err := g.admins(ctx)
	for i, m := range e.Missing {
		others := slices.DeleteFunc(slices.Clone(admins), func(id string) bool { return slices.Contains(m.GiverIDs, id) })
		e.Missing[i].GiverIDs = append(m.GiverIDs, others...)
	}
	return err
}

// dataOf are the datasets behind a thing that are shown to the actor, by name.
func (g *Gate) dataOf(ctx context.Context, t *thing) ([]*core.Dataset, error) {
	ids := []string{t.dataset}
	if t.cards != nil {
		shown, err := t.cards(ctx, g)
		if err != nil {
			return nil, err
		}
		cards, err := g.store.Cards.ManyOnce(ctx, shown)
		if err != nil {
			return nil, core.Internal("access: read cards to explain", err)
		}
		ids = nil
		for _, c := range cards {
			ids = append(ids, c.DatasetID)
		}
	}
	found, err := g.store.Datasets.ManyOnce(ctx, slices.DeleteFunc(ids, func(id string) bool { return id == "" }))
	if err != nil {
		return nil, core.Internal("access: read datasets to explain", err)
	}
	datasets := make([]*core.Dataset, 0, len(found))
	for _, d := range found {
		datasets = append(datasets, d)
	}
	slices.SortFunc(datasets, func(a, b *core.Dataset) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return datasets, nil
}

// missingOf is what keeps rows of a dataset from somebody who may read it.
func missingOf(e core.PolicyEffect, d *core.Dataset) (missing []core.MissingAccess) {
	if e.Extent == core.SeesNoRows {
		missing = append(missing, core.MissingAccess{Kind: core.MissingPolicy, DatasetID: d.ID, GiverIDs: []string{d.OwnerID}})
	}
	var names []string
	for _, p := range e.Applied {
		names = append(names, p.MissingAttributes...)
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		missing = append(missing, core.MissingAccess{Kind: core.MissingAttribute, DatasetID: d.ID, Attribute: name})
	}
	return missing
}

// effectOf tells in words what the sight of a dataset is.
func effectOf(viewer facts, d *core.Dataset) core.PolicyEffect {
	sight := sightOf(viewer, d)
	e := core.PolicyEffect{DatasetID: d.ID, Extent: extentOf(sight)}
	e.HiddenColumns, e.MaskedColumns = columnEffects(sight, d.Columns)
	trusted := viewer
	trusted.pii = true
	hidden, masked := columnEffects(sightOf(trusted, d), d.Columns)
	blame(e.HiddenColumns, hidden, d)
	blame(e.MaskedColumns, masked, d)
	if viewer.all {
		return e
	}
	for _, p := range d.Policies {
		if speaksFor(p, viewer) {
			e.Applied = append(e.Applied, appliedOf(p, viewer, d))
		}
	}
	return e
}

func extentOf(s *core.Sight) core.DataExtent {
	switch {
	case s == nil:
		return core.SeesEverything
	case s.Empty():
		return core.SeesNoRows
	}
	return core.SeesPart
}

// columnEffects are the columns that are not shown plainly in every row.
func columnEffects(s *core.Sight, columns []core.Column) (hidden, masked []core.ColumnEffect) {
	if s == nil {
		return nil, nil
	}
	for _, c := range columns {
		if s.Shows(c.Name) {
			continue
		}
		hides, masks, everywhere := 0, 0, false
		for _, w := range s.Windows {
			switch {
			case slices.Contains(w.Hidden, c.Name):
				hides++
			case w.Masks(c.Name):
				masks, everywhere = masks+1, everywhere || w.Rows == nil
			}
		}
		if hides > 0 && !everywhere {
			hidden = append(hidden, core.ColumnEffect{Column: c.Name, Partly: hides < len(s.Windows)})
		}
		if masks > 0 {
			partly := masks+hides < len(s.Windows) || hides > 0 && !everywhere
			masked = append(masked, core.ColumnEffect{Column: c.Name, Masked: true, Partly: partly})
		}
	}
	return hidden, masked
}

// blame names the class of a column where access to personal data would show
// more of it, and else the policies.
func blame(effects, trusted []core.ColumnEffect, d *core.Dataset) {
	classes := map[bool]core.PIIClass{false: core.ClassConfidential, true: core.ClassDirect}
	for i, c := range effects {
		effects[i].Cause = core.CausePolicy
		if column, _ := d.Column(c.Column); column.Holds() == classes[c.Masked] && !slices.Contains(trusted, c) {
			effects[i].Cause = core.CauseClass
		}
	}
}

// appliedOf is what a policy opens to somebody whom it is for.
func appliedOf(p core.Policy, viewer facts, d *core.Dataset) core.AppliedPolicy {
	w := window(p, core.Policy{}, viewer, d)
	a := core.AppliedPolicy{
		ID: p.ID, Name: p.Name, Targets: p.Targets, Hidden: w.Hidden, Masked: w.Masked,
		Rows: extentOf(&core.Sight{Windows: []core.Window{w}}), Broken: Broken(d, p),
	}
	if w.Rows == nil {
		a.Rows = core.SeesEverything
	}
	if p.Rows != nil && !a.Broken {
		a.MissingAttributes = missingAttributes(*p.Rows, viewer, d)
		slices.Sort(a.MissingAttributes)
		a.MissingAttributes = slices.Compact(a.MissingAttributes)
	}
	return a
}

// missingAttributes are those that a condition asks for in vain.
func missingAttributes(c core.RowCondition, viewer facts, d *core.Dataset) (names []string) {
	for _, arg := range c.Args {
		names = append(names, missingAttributes(arg, viewer, d)...)
	}
	if column, ok := d.Column(c.Column); ok && c.Attribute != "" && len(ownValues(c, column, viewer)) == 0 {
		names = append(names, c.Attribute)
	}
	return names
}

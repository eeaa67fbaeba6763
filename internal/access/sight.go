package access

import (
	"context"
	"slices"
	"strings"

	"github.com/karuta-bi/karuta/internal/core"
)

// facts are what a person is to the policies of a dataset.
type facts struct {
	all        bool // its owner or an administrator
	pii        bool // sees classified columns as they are
	userID     string
	groups     []string // those that are there
	attributes map[string][]string
}

// factsOf are the facts of a person who is in the groups.
func factsOf(u *core.User, groups []string, d *core.Dataset) facts {
	return facts{
		all: u.ID == d.OwnerID || u.Role == core.RoleAdmin, pii: u.PIIAccess,
		userID: u.ID, groups: groups, attributes: u.Attributes,
	}
}

// Sight is what the actor sees of a dataset that they may read, nil for all of
// it. The dataset is one that the store gave: a redacted one shows nothing.
func (g *Gate) Sight(ctx context.Context, d *core.Dataset) (*core.Sight, error) {
	actor := core.ActorFrom(ctx)
	switch {
	case d.Redacted:
		return &core.Sight{}, nil
	case owns(ctx, d.OwnerID, View):
		return nil, nil
	case actor.User == nil:
		return &core.Sight{}, nil
	}
	viewer, err := g.viewer(ctx, d)
	if err != nil {
		return nil, err
	}
	return sightOf(viewer, d), nil
}

// viewer are the facts of the actor, with their groups where a policy asks.
func (g *Gate) viewer(ctx context.Context, d *core.Dataset) (facts, error) {
	var groups []string
	if slices.ContainsFunc(d.Policies, namesGroup) {
		var err error
		if groups, err = g.liveGroups(ctx); err != nil {
			return facts{}, err
		}
	}
	return factsOf(core.ActorFrom(ctx).User, groups, d), nil
}

func namesGroup(p core.Policy) bool {
	return slices.ContainsFunc(p.Targets, func(t core.Target) bool { return t.Type == core.TargetGroup })
}

// sightOf is the rule of policies and classes. Each policy for the person is a
// window; without policies there is one over every row. In each the classes hold
// too. Whom no window shows a row gets one that holds none, so that the columns
// that are hidden anyway stay unknown to them.
func sightOf(viewer facts, d *core.Dataset) *core.Sight {
	if viewer.all {
		return nil
	}
	classes := core.Policy{}
	if !viewer.pii {
		classes = classPolicy(d.Columns)
	}
	var mine, others []core.Window
	for _, p := range d.Policies {
		if speaksFor(p, viewer) {
			mine = append(mine, window(p, classes, viewer, d))
		} else {
			others = append(others, window(p, classes, viewer, d))
		}
	}
	switch {
	case len(d.Policies) == 0:
		mine = []core.Window{window(core.Policy{}, classes, viewer, d)}
	case len(mine) == 0:
		return &core.Sight{Windows: []core.Window{closed(others)}}
	}
	return canonicalSight(mine)
}

func speaksFor(p core.Policy, viewer facts) bool {
	return len(p.Targets) == 0 || slices.ContainsFunc(p.Targets, func(t core.Target) bool {
		return t.Type == core.TargetUser && t.ID == viewer.userID || t.Type == core.TargetGroup && slices.Contains(viewer.groups, t.ID)
	})
}

// window is the part of the dataset that a policy opens to somebody for whom
// the classes hide and mask what they do.
func window(p, classes core.Policy, viewer facts, d *core.Dataset) core.Window {
	var w core.Window
	for _, c := range d.Columns {
		if slices.Contains(p.Hidden, c.Name) || slices.Contains(classes.Hidden, c.Name) {
			w.Hidden = append(w.Hidden, c.Name)
			continue
		}
		for _, m := range slices.Concat(p.Masked, classes.Masked) { // its author knows better than the class
			if m.Column == c.Name {
				w.Masked = append(w.Masked, core.MaskedColumn{Column: c.Name, Mask: maskFor(c, m.Mask)})
				break
			}
		}
	}
	slices.Sort(w.Hidden)
	slices.SortFunc(w.Masked, func(a, b core.MaskedColumn) int { return strings.Compare(a.Column, b.Column) })
	w.Rows = rowsOf(p, viewer, d)
	return w
}

// maskFor is the mask, the strongest where all do the same.
func maskFor(c core.Column, m core.Mask) core.Mask {
	if c.Type != core.TypeString {
		return core.MaskAll
	}
	return m
}

// classPolicy is what the classes of columns hide and mask; until somebody has decided,
// those that were proposed.
func classPolicy(columns []core.Column) (p core.Policy) {
	for _, c := range columns {
		switch c.Holds() {
		case core.ClassConfidential:
			p.Hidden = append(p.Hidden, c.Name)
		case core.ClassDirect:
			p.Masked = append(p.Masked, core.MaskedColumn{Column: c.Name, Mask: maskOfClass(c)})
		}
	}
	return p
}

// maskNames tell by a column's name what a person's data in it is.
var maskNames = []struct {
	mask  core.Mask
	parts []string
}{
	{core.MaskEmail, []string{"メール", "mail"}},
	{core.MaskPhone, []string{"電話", "携帯", "phone", "tel"}},
	{core.MaskName, []string{"氏名", "名前", "担当者", "name"}},
}

// maskOfClass is the mask of a column with data of people: by its name, else by what
// its values seem to be.
func maskOfClass(c core.Column) core.Mask {
	if m := maskByName(c.Name); m != core.MaskAll {
		return m
	}
	switch c.Proposed.Kind {
	case core.KindEmail:
		return core.MaskEmail
	case core.KindPhone:
		return core.MaskPhone
	case core.KindName:
		return core.MaskName
	}
	return core.MaskAll
}

func maskByName(column string) core.Mask {
	column = strings.ToLower(column)
	for _, n := range maskNames {
		if slices.ContainsFunc(n.parts, func(part string) bool { return strings.Contains(column, part) }) {
			return n.mask
		}
	}
	return core.MaskAll
}

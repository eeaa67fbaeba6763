package demo

import (
	"context"
	"fmt"

	"github.com/karuta-bi/karuta/internal/card"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/dashboard"
)

// makeCards makes the cards that are not there yet.
func (b *builder) makeCards(ctx context.Context) error {
	for _, d := range boards {
		ctx := b.as(ctx, d.owner)
		mine, err := b.Cards.Cards(ctx, everything)
		if err != nil {
			return err
		}
		for _, p := range d.pictures {
			name := p.cardName(d)
			found, ok := named(mine.Nodes, name, func(c *core.Card) string { return c.Name })
			if !ok {
				if found, err = b.makeCard(ctx, name, p); err != nil {
					return fmt.Errorf("%s: %w", p.file, err)
				}
			}
			b.cards[p.file] = found.ID
		}
	}
	return nil
}

// cardName is the picture's name; notes are named after their board, since a
// person may own several.
func (p picture) cardName(d board) string {
	if p.dataset == "" {
		return d.name + ": " + p.name
	}
	return p.name
}

func (b *builder) makeCard(ctx context.Context, name string, p picture) (*core.Card, error) {
	text, err := p.source()
	if err != nil {
		return nil, err
	}
	in := card.CreateInput{Kind: core.CardCode, Name: name, DatasetID: b.datasets[p.dataset], Code: text}
	if p.dataset == "" {
		in.Kind = core.CardText
	}
	return b.Cards.Create(ctx, in)
}

// makeDashboards makes and shares the dashboards that are not there yet.
func (b *builder) makeDashboards(ctx context.Context) error {
	for _, d := range boards {
		if err := b.makeDashboard(b.as(ctx, d.owner), d); err != nil {
			return fmt.Errorf("%s: %w", d.name, err)
		}
	}
	return nil
}

func (b *builder) makeDashboard(ctx context.Context, d board) error {
	mine, err := b.Dashboards.Dashboards(ctx, everything)
	if err != nil {
		return err
	}
	made, ok := named(mine.Nodes, d.name, func(d *core.Dashboard) string { return d.Name })
	if !ok {
		if made, err = b.Dashboards.Create(ctx, d.name, d.description); err != nil {
			return err
		}
	}
	b.dashboards[d.name] = made.ID
	if len(made.Cards) == 0 {
		layout := b.layout(d)
		change := dashboard.Change{ID: made.ID, Version: made.Version, Cards: &layout, Filters: &d.filters}
		if _, err := b.Dashboards.Update(ctx, change); err != nil {
			return err
		}
	}
	return b.share(ctx, made.ID, d.share)
}

func (b *builder) layout(d board) []core.Placement {
	layout := make([]core.Placement, len(d.pictures))
	for i, p := range d.pictures {
		layout[i] = core.Placement{CardID: b.cards[p.file], X: p.x, Y: p.y, W: p.w, H: p.h}
	}
	return layout
}

func (b *builder) share(ctx context.Context, dashboardID string, s share) error {
	in := dashboard.ShareInput{DashboardID: dashboardID, TargetType: core.TargetGroup, TargetID: b.group.ID, Permission: s.permission}
	if s.with != everybody {
		in.TargetType, in.TargetID = core.TargetUser, b.people[s.with.Email].ID
	}
	_, err := b.Dashboards.CreateShare(ctx, in)
	if core.CodeOf(err) == core.CodeDuplicate {
		return nil
	}
	return err
}

package dashboard

import (
	"context"
	"slices"
	"strconv"

	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// CloneInput asks for a copy of a dashboard. Without a name it gets the
// original's with " (Copy)".
type CloneInput struct {
	core.Idempotent
	ID   string
	Name *string
}

// Clone copies a dashboard with its layout and filters, not its shares, into one
// of the actor's; for its viewers. The cards come with the grants that keep them
// to whom the original shows them, but for those to which, with their data, the
// actor has an own right. VALIDATION_ERROR.copied_too_often for a copy of too many copies.
func (s *Service) Clone(ctx context.Context, in CloneInput) (*core.Dashboard, error) {
	grant, err := s.gate.RequireDashboard(ctx, "input.id", in.ID, access.View)
	if err != nil {
		return nil, err
	}
	name := copyName(grant.Dashboard.Name)
	if in.Name != nil {
		if name, err = core.CheckName("input.name", *in.Name); err != nil {
			return nil, err
		}
	}
	cards, err := s.store.Cards.ManyOnce(ctx, grant.Dashboard.CardIDs())
	if err != nil {
		return nil, core.Internal("read cards of dashboard", err)
	}
	own, err := s.gate.OwnRight(ctx, grant.Dashboard.CardIDs())
	if err != nil {
		return nil, err
	}
	placed, err := copyPlaces(grant.Dashboard, cards, own)
	if err != nil {
		return nil, err
	}
	if err := s.audit.Ready(); err != nil {
		return nil, err
	}
	now := store.Now()
	d := &core.Dashboard{
		ID: core.NewID(core.NounDashboard), Name: name, Description: grant.Dashboard.Description, Cards: placed,
		Filters: copyFilters(grant.Dashboard.Filters), OwnerID: core.ActorFrom(ctx).UserID(), CreatedAt: now, UpdatedAt: now,
	}
	if err := s.store.Dashboards.Clone(ctx, d, in.ID, datasetsOf(cards)); err != nil {
		return nil, err
	}
	return s.gate.Prime(ctx, d, nil).Dashboard, s.audit.RecordStrict(ctx, event(core.EventDashboardCloned, d.ID, map[string]string{
		"name": d.Name, "source": in.ID, "cards": strconv.Itoa(len(placed)), "own": strconv.Itoa(len(own)),
	}))
}

// copyName is the name with " (Copy)", shortened where both are too long for a name.
func copyName(name string) string {
	const suffix = " (Copy)"
	letters := []rune(name)
	return string(letters[:min(len(letters), core.MaxName-len(suffix))]) + suffix
}

// copyPlaces are the places of a copy. A card that is gone is left out.
func copyPlaces(from *core.Dashboard, cards map[string]*core.Card, own map[string]bool) ([]core.Placement, error) {
	var placed []core.Placement
	for _, p := range from.Cards {
		if cards[p.CardID] == nil {
			continue
		}
		if own[p.CardID] {
			p.Grants = nil
		} else {
			p.Grants = append([]string{from.ID}, p.Grants...)
		}
		if len(p.Grants) > core.MaxGrants {
			return nil, core.Invalid("input.id", "copied_too_often", "max", core.MaxGrants)
		}
		placed = append(placed, p)
	}
	return placed, nil
}

// copyFilters are the same filters under ids of their own.
func copyFilters(filters []core.Filter) []core.Filter {
	copied := slices.Clone(filters)
	for i := range copied {
		copied[i].ID = core.NewID(core.NounFilter)
	}
	return copied
}

func datasetsOf(cards map[string]*core.Card) map[string]string {
	of := make(map[string]string, len(cards))
	for id, c := range cards {
		of[id] = c.DatasetID
	}
	return of
}

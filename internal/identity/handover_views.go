package identity

import (
	"context"

	"github.com/karuta-bi/karuta/internal/core"
)

// ownedViews counts a person's filter views and lists them, the shared ones first.
func (s *Service) ownedViews(ctx context.Context, userID string, out *Owned) error {
	reader := core.ActorFrom(ctx).UserID()
	var shared, private []*core.FilterView
	for p := (core.PageArgs{First: core.MaxPage}); ; {
		page, err := s.store.FilterViews.ByOwner(ctx, userID, reader, p)
		if err != nil {
			return err
		}
		for _, v := range page.Nodes {
			if out.FilterViewCount++; v.Shared {
				out.SharedFilterViewCount++
				shared = append(shared, v)
			} else {
				private = append(private, withheld(v, reader))
			}
		}
		if !page.HasNext {
			break
		}
		p.After = page.EndCursor()
	}
	out.FilterViews = append(shared, private...)
	out.FilterViews = out.FilterViews[:min(len(out.FilterViews), ownedShown)]
	return s.markRunnable(ctx, out.FilterViews)
}

// withheld is a view that its owner keeps for themselves, to somebody else: that
// it is there, not what it chooses.
func withheld(v *core.FilterView, reader string) *core.FilterView {
	if v.OwnerID != reader {
		v.Filters, v.Partial = nil, true
	}
	return v
}

// markRunnable tells of each view whether the actor may view its dashboard.
func (s *Service) markRunnable(ctx context.Context, views []*core.FilterView) error {
	ids := make([]string, len(views))
	for i, v := range views {
		ids[i] = v.DashboardID
	}
	grants, err := s.gate.FilterDashboards(ctx, ids)
	for _, v := range views {
		v.CanRun = grants[v.DashboardID] != nil
	}
	return err
}

// ownedKeys counts a person's live keys and lists them, newest first.
func (s *Service) ownedKeys(ctx context.Context, userID string, out *Owned) error {
	return s.eachLiveKey(ctx, userID, func(k *core.APIKey) error {
		if out.APIKeyCount++; len(out.APIKeys) < ownedShown {
			out.APIKeys = append(out.APIKeys, shownKey(k))
		}
		return nil
	})
}

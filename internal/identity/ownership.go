package identity

import (
	"context"

	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// Transfer gives a dashboard, a dataset, a card or a transform to somebody else.
type Transfer struct {
	ID       string
	ToUserID string
	Keep     core.Permission // what the owner until now may still do with a dashboard, none for nothing
	Version  int64           // as last read
}

// TransferOwnership makes somebody else the owner; for the owner and admins, not
// for who has a share as OWNER. CONFLICT when the thing was changed since.
// Whatever the thing is used in keeps working: pages hold cards and cards read
// datasets of other owners, too. A transform runs for its owner alone, so it
// needs datasets that the new owner may read.
func (s *Service) TransferOwnership(ctx context.Context, in Transfer) error {
	noun, ownerID, err := s.openForTransfer(ctx, in.ID)
	if err != nil {
		return err
	}
	if err := checkTransfer(noun, in); err != nil {
		return err
	}
	if err := s.requireSuccessor(ctx, "input.toUserId", in.ToUserID, ownerID); err != nil {
		return err
	}
	if err := s.audit.Ready(); err != nil {
		return err
	}
	there, err := s.give(ctx, noun, store.Handover{ID: in.ID, FromID: ownerID, ToID: in.ToUserID, Want: in.Version, Keep: in.Keep})
	if err == nil && !there {
		return core.NotFound("input.id")
	}
	return err
}

// openForTransfer tells what the id names and whose it is.
func (s *Service) openForTransfer(ctx context.Context, id string) (noun core.Noun, ownerID string, err error) {
	const field = "input.id"
	if _, err := s.gate.RequireSignedIn(ctx); err != nil {
		return "", "", err
	}
	noun, ok := core.NounOf(id)
	if !ok {
		return "", "", core.CheckID(field, id, core.NounDashboard)
	}
	switch noun {
	case core.NounDashboard:
		gr, err := s.gate.RequireDashboardOwner(ctx, field, id)
		if err != nil {
			return "", "", err
		}
		return noun, gr.Dashboard.OwnerID, nil
	case core.NounDataset:
		d, err := s.gate.RequireDataset(ctx, field, id, access.Manage)
		if err != nil {
			return "", "", err
		}
		return noun, d.OwnerID, nil
	case core.NounCard:
		c, err := s.gate.RequireCard(ctx, field, id, access.Manage)
		if err != nil {
			return "", "", err
		}
		return noun, c.OwnerID, nil
	case core.NounTransform:
		t, err := s.gate.RequireTransform(ctx, field, id, access.Manage)
		if err != nil {
			return "", "", err
		}
		return noun, t.OwnerID, nil
	}
	return "", "", core.NotFound(field)
}

func checkTransfer(noun core.Noun, in Transfer) error {
	switch {
	case in.Version < 1:
		return core.Invalid("input.version", "bad_value")
	case in.Keep != core.PermissionNone && (noun != core.NounDashboard || in.Keep.Rank() == 0):
		return core.Invalid("input.keep", "bad_value") // nothing else has shares
	}
	return nil
}

// requireSuccessor wants somebody who can own things, and does not own this already.
func (s *Service) requireSuccessor(ctx context.Context, field, userID, ownerID string) error {
	user, err := s.existing(ctx, field, userID)
	switch {
	case err != nil:
		return err
	case !user.Active():
		return core.Invalid(field, "inactive")
	case user.ID == ownerID:
		return core.Invalid(field, "is_owner")
	}
	return nil
}

// give makes the hand-over and writes it down; false where there is no such
// thing any more. The new owner is told in the same transaction.
func (s *Service) give(ctx context.Context, noun core.Noun, h store.Handover) (there bool, err error) {
	h.Notice = core.Notice{UserID: h.ToID, Kind: core.NoticeOwnership, ActorID: core.ActorFrom(ctx).UserID(), TargetID: h.ID}
	kind := ""
	switch noun {
	case core.NounDashboard:
		d, failed := s.store.Dashboards.Transfer(ctx, h)
		kind, there, err = "dashboard", d != nil, failed
		s.gate.Forget(ctx, h.ID)
	case core.NounDataset:
		d, failed := s.store.Datasets.Transfer(ctx, h)
		kind, there, err = "dataset", d != nil, failed
	case core.NounCard:
		c, failed := s.store.Cards.Transfer(ctx, h)
		kind, there, err = "card", c != nil, failed
	case core.NounTransform:
		t, failed := s.store.Transforms.Transfer(ctx, h)
		kind, there, err = "transform", t != nil, failed
	case core.NounFilterView:
		v, failed := s.store.FilterViews.Transfer(ctx, h)
		kind, there, err = "filter_view", v != nil, failed
	}
	if err != nil || !there {
		return false, err
	}
	return true, s.recordStrict(ctx, core.EventOwnerChanged, kind, h.ID, "from", h.FromID, "to", h.ToID, "keep", string(h.Keep))
}

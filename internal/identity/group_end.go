package identity

import (
	"context"
	"time"

	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// listed is how many shares and losses a deletion names.
const listed = 100

// indexLag is how long after its deletion a group may still get a share that
// began before; the list of its shares lags by less.
const indexLag = time.Minute

// Ending is what ends with a group.
type Ending struct {
	Group       *core.Group
	DryRun      bool
	MemberCount int
	ShareCount  int
	Shares      []*core.Share // the first of them
	LossCount   int
	Losses      []access.Loss // the first of them
}

// DeletedID is the id of the group that is gone, nil after a dry run.
func (e *Ending) DeletedID() *string {
	if e.DryRun {
		return nil
	}
	return &e.Group.ID
}

// DeleteGroup deletes a group, and with it what it opens to its members. For
// administrators. A dry run changes nothing and tells the same.
func (s *Service) DeleteGroup(ctx context.Context, id string, dryRun bool) (*Ending, error) {
	group, err := s.groupForChange(ctx, "input.id", id)
	if err != nil {
		return nil, err
	}
	impact, err := s.gate.GroupImpact(ctx, id)
	if err != nil {
		return nil, err
	}
	end := &Ending{
		Group: group, DryRun: dryRun, MemberCount: len(impact.Members),
		ShareCount: len(impact.Shares), Shares: impact.Shares[:min(listed, len(impact.Shares))],
		LossCount: len(impact.Losses), Losses: impact.Losses[:min(listed, len(impact.Losses))],
	}
	if dryRun {
		return end, nil
	}
	if _, err := s.store.Groups.Delete(ctx, id); err != nil {
		return nil, core.Known("identity: delete group", err)
	}
	if err := s.recordStrict(ctx, core.EventGroupDeleted, "group", id, "group", group.Name); err != nil {
		return nil, err
	}
	// The group opens nothing any more; what a failure leaves is upkeep's to sweep.
	_ = s.sweepGroup(ctx, id)
	return end, nil
}

// sweepGroup takes the members and the shares of a deleted group away.
func (s *Service) sweepGroup(ctx context.Context, id string) error {
	return s.store.Groups.Sweep(ctx, id, core.ActorFrom(ctx).UserID(), func(userID string) error {
		return s.recordStrict(ctx, core.EventGroupMemberRemoved, "group", id, "user", userID)
	}, func(sh *core.Share) error {
		return s.recordStrict(ctx, core.EventShareRemoved, "dashboard", sh.DashboardID,
			"share", sh.ID(), "targetType", string(sh.TargetType), "target", id, "permission", string(sh.Permission))
	})
}

// SweepGroups finishes the deletions of groups that were interrupted. It is for
// the system and may be done at any time.
func (s *Service) SweepGroups(ctx context.Context) error {
	if _, err := s.gate.RequireAdmin(ctx); err != nil {
		return err
	}
	ended, err := s.store.Groups.Unswept(ctx)
	if err != nil {
		return core.Internal("identity: deleted groups", err)
	}
	for _, g := range ended {
		if err := s.audit.Ready(); err != nil {
			return err
		}
		if err := s.sweepGroup(ctx, g.ID); err != nil {
			return core.Internal("identity: sweep group", err)
		}
		if store.Now().Sub(g.DeletedAt) < indexLag {
			continue
		}
		if err := s.store.Groups.Swept(ctx, g.ID); err != nil {
			return core.Internal("identity: sweep group", err)
		}
	}
	return nil
}

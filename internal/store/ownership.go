package store

import (
	"context"
	"errors"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

// Handover makes a thing somebody else's, under the version that the caller saw
// (0: any).
type Handover struct {
	ID     string
	FromID string          // owner until now; CONFLICT where it is somebody else by now
	ToID   string          // new owner
	Want   int64           // version, 0 for any
	Keep   core.Permission // share on a dashboard that the owner until now gets, none for none
	Notice core.Notice     // to the new owner
}

// Transfer gives a dataset to somebody else; nil when there is none.
func (r *Datasets) Transfer(ctx context.Context, h Handover) (*core.Dataset, error) {
	defer forget[core.Dataset](ctx, table.Datasets, h.ID)
	return transfer(ctx, r.e, datasetVersioned(h.ID), h, func(d *core.Dataset) *string { return &d.OwnerID })
}

// Transfer gives a card to somebody else; nil when there is none.
func (r *Cards) Transfer(ctx context.Context, h Handover) (*core.Card, error) {
	defer forget[core.Card](ctx, table.Cards, h.ID)
	return transfer(ctx, r.e, cardVersioned(h.ID), h, func(c *core.Card) *string { return &c.OwnerID })
}

// Transfer gives a transform to somebody else; nil when there is none.
func (r *Transforms) Transfer(ctx context.Context, h Handover) (*core.Transform, error) {
	defer forget[core.Transform](ctx, table.Transforms, h.ID)
	return transfer(ctx, r.e, transformVersioned(h.ID), h, func(t *core.Transform) *string { return &t.OwnerID })
}

// transfer gives a thing that nothing is shared of to somebody else, with its
// line of history.
func transfer[T any](ctx context.Context, e table.Engine, v versioned[T], h Handover, owner func(*T) *string) (*T, error) {
	return edit(ctx, e, v, h.Want, func(noun *T) ([]table.Write, error) {
		if *owner(noun) != h.FromID {
			return nil, core.Conflict(h.Want, *v.version(noun))
		}
		*owner(noun) = h.ToID
		return []table.Write{rightsWrite(v.key, rightsChange(ctx, h.ID, core.RightsOwner, h.ToID)), noticeWrite(h.Notice)}, nil
	})
}

// Transfer gives a shared filter view to somebody else; nil when there is none.
// CONFLICT where it is shared no more: what is private stays with its owner.
func (r *FilterViews) Transfer(ctx context.Context, h Handover) (*core.FilterView, error) {
	return edit(ctx, r.e, viewVersioned(h.ID), h.Want, func(v *core.FilterView) ([]table.Write, error) {
		if v.OwnerID != h.FromID || !v.Shared {
			return nil, core.Conflict(h.Want, v.Version)
		}
		v.OwnerID = h.ToID
		return []table.Write{noticeWrite(h.Notice)}, nil
	})
}

// Transfer gives a dashboard to somebody else; nil when there is none. The new
// owner's own share ends, and the owner until now has the share that they are to
// keep and no other. CONFLICT when one of the shares was changed meanwhile.
func (r *Dashboards) Transfer(ctx context.Context, h Handover) (*core.Dashboard, error) {
	d, err := edit(ctx, r.e, dashboardVersioned(h.ID), h.Want, func(d *core.Dashboard) ([]table.Write, error) {
		if d.OwnerID != h.FromID {
			return nil, core.Conflict(h.Want, d.Version)
		}
		d.OwnerID = h.ToID
		ended, err := r.shareWrites(ctx, d.ID, h.ToID, core.PermissionNone)
		if err != nil {
			return nil, err
		}
		kept, err := r.shareWrites(ctx, d.ID, h.FromID, h.Keep)
		if err != nil {
			return nil, err
		}
		change := core.AccessChange{
			DashboardID: d.ID, At: Now(), Kind: "transferred", TargetType: core.TargetUser, TargetID: h.ToID,
			Permission: core.PermissionOwner, PreviousOwner: h.FromID, ActorID: core.ActorFrom(ctx).UserID(),
		}
		return append(append(ended, kept...), historyWrite(change), noticeWrite(h.Notice)), nil
	})
	if failed := table.ConditionFailed(err); failed != nil && core.CodeOf(err) != core.CodeConflict {
		return nil, &core.Error{Code: core.CodeConflict, Cause: err}
	}
	return d, err
}

// shareWrites make a person's own share on a dashboard what it shall be, none
// for no share, under the condition that it is still what it was when read here.
func (r *Dashboards) shareWrites(ctx context.Context, dashboardID, userID string, want core.Permission) ([]table.Write, error) {
	key, actorID := shareKey(dashboardID, core.TargetUser, userID), core.ActorFrom(ctx).UserID()
	sh, err := (&Shares{r.e}).Get(ctx, dashboardID, core.TargetUser, userID)
	switch {
	case err != nil:
		return nil, err
	case sh == nil && want == core.PermissionNone:
		return []table.Write{table.Check(key, table.IfAbsent())}, nil
	case sh == nil:
		now := Now()
		return raisedShare(&core.Share{
			DashboardID: dashboardID, TargetType: core.TargetUser, TargetID: userID, Permission: want,
			CreatedBy: actorID, CreatedAt: now, UpdatedAt: now,
		}, core.PermissionNone, actorID), nil
	}
	previous, version := sh.Permission, sh.Version
	sh.Permission = want
	if want == core.PermissionNone {
		return []table.Write{table.Delete(key, table.IfVersion(version)), shareChange(sh, "share_removed", previous, actorID)}, nil
	}
	sh.UpdatedAt, sh.ExpiresAt = Now(), time.Time{}
	return raisedShare(sh, previous, actorID), nil
}

var errOwns = errors.New("store: a share for the dashboard's owner")

// withOtherOwner does a transaction that gives a person a share of their own. It
// happens only while the dashboard is there and somebody else's, which the write
// that it is handed checks, and is done again where the dashboard was changed
// meanwhile. NOT_FOUND when the dashboard is gone, errOwns when it is theirs by now.
func withOtherOwner(ctx context.Context, e table.Engine, dashboardID, userID string, do func(stays table.Write) error) error {
	return whileUnchanged(ctx, e, dashboardKey(dashboardID), func(it table.Item) error {
		switch {
		case it == nil:
			return core.NotFound("input.dashboardId")
		case it.Str("owner_id") == userID:
			return errOwns
		}
		return nil
	}, do)
}

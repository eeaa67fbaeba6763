package store

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

// Shares is bi_dashboard_shares: DASHBOARD#id / USER#u, GROUP#g or
// HISTORY#time#…. The key of a share is deterministic, so a second share to the
// same target is impossible, not merely checked; every change of access writes
// a HISTORY item in the same transaction.
type Shares struct{ e table.Engine }

func principal(t core.TargetType, id string) string { return string(t) + "#" + id }

// isPrincipal tells a share from the history beside it.
func isPrincipal(sk string) bool {
	kind, _, _ := strings.Cut(sk, "#")
	return kind == string(core.TargetUser) || kind == string(core.TargetGroup)
}

func shareKey(dashboardID string, t core.TargetType, targetID string) table.Key {
	return table.Key{Table: table.Shares, PK: "DASHBOARD#" + dashboardID, SK: principal(t, targetID)}
}

func writeShare(s *core.Share) table.Item {
	it := table.Item{
		"share_id": s.ID(), "dashboard_id": s.DashboardID, "principal": principal(s.TargetType, s.TargetID),
		"target_type": strings.ToLower(string(s.TargetType)), "target_id": s.TargetID,
		"permission": strings.ToLower(string(s.Permission)), "created_by": s.CreatedBy, "version": s.Version,
	}
	putTime(it, "created_at", s.CreatedAt)
	putTime(it, "updated_at", s.UpdatedAt)
	putTime(it, "expires_at", s.ExpiresAt)
	return it
}

func readShare(it table.Item) *core.Share {
	return &core.Share{
		DashboardID: it.Str("dashboard_id"), TargetType: core.TargetType(strings.ToUpper(it.Str("target_type"))),
		TargetID: it.Str("target_id"), Permission: core.Permission(strings.ToUpper(it.Str("permission"))),
		CreatedBy: it.Str("created_by"), Version: it.Int("version"),
		CreatedAt: getTime(it, "created_at"), UpdatedAt: getTime(it, "updated_at"), ExpiresAt: getTime(it, "expires_at"),
	}
}

func shareChange(s *core.Share, kind string, previous core.Permission, actorID string) table.Write {
	return historyWrite(core.AccessChange{DashboardID: s.DashboardID, At: Now(), Kind: kind, TargetType: s.TargetType,
		TargetID: s.TargetID, Permission: s.Permission, Previous: previous, ExpiresAt: s.ExpiresAt, ActorID: actorID})
}

// Get reads a share; nil when there is none.
func (r *Shares) Get(ctx context.Context, dashboardID string, t core.TargetType, targetID string) (*core.Share, error) {
	it, err := r.e.Get(ctx, shareKey(dashboardID, t, targetID))
	if err != nil || it == nil {
		return nil, err
	}
	return readShare(it), nil
}

// Create writes a new share, in the place of one to the same target that has
// ended. DUPLICATE_ERROR with the existing shareId when the target has a live
// one, NOT_FOUND when the dashboard or the group is gone by now. A person is told
// in the same transaction.
func (r *Shares) Create(ctx context.Context, s *core.Share, actorID string, tell ...core.Notice) error {
	s.Version = 1
	err := r.create(ctx, s, table.IfAbsent(), actorID, tell)
	if core.CodeOf(err) != core.CodeDuplicate {
		return err
	}
	old, unread := r.Get(ctx, s.DashboardID, s.TargetType, s.TargetID)
	if unread != nil {
		return unread
	}
	if old == nil || old.Live(Now()) {
		return err
	}
	s.Version = old.Version + 1
	return r.create(ctx, s, table.IfVersion(old.Version), actorID, tell)
}

func (r *Shares) create(ctx context.Context, s *core.Share, when table.Condition, actorID string, tell []core.Notice) error {
	add := func(more ...table.Write) error {
		return r.e.Transact(ctx, "", slices.Concat([]table.Write{
			table.Put(shareKey(s.DashboardID, s.TargetType, s.TargetID), writeShare(s), when),
			shareChange(s, "share_added", core.PermissionNone, actorID),
		}, more, onceWrites(ctx, s.ID())))
	}
	var err error
	if s.TargetType == core.TargetGroup {
		err = withLiveGroup(ctx, r.e, s.TargetID, "input.target.id", func(lives table.Write) error {
			return add(lives, table.Check(dashboardKey(s.DashboardID), table.IfExists()))
		})
	} else {
		err = withOtherOwner(ctx, r.e, s.DashboardID, s.TargetID, func(stays table.Write) error {
			return add(append(noticeWrites(tell), stays)...)
		})
	}
	switch {
	case errors.Is(err, errOwns):
		return core.Invalid("input.target.id", "is_owner")
	case core.CodeOf(err) == core.CodeConflict:
		return err
	}
	if failed := table.ConditionFailed(err); failed != nil {
		if failed.Index == 0 {
			return &core.Error{Code: core.CodeDuplicate, Reason: "share", Field: "input.target", Cause: err,
				Details: map[string]any{"shareId": s.ID()}}
		}
		return core.NotFound("input.dashboardId")
	}
	return err
}

// Edit changes a share's permission or expiry; nil when there is none.
func (r *Shares) Edit(ctx context.Context, dashboardID string, t core.TargetType, targetID, actorID string, change func(*core.Share) error) (*core.Share, error) {
	v := versioned[core.Share]{
		key: shareKey(dashboardID, t, targetID), read: readShare, write: writeShare,
		version: func(s *core.Share) *int64 { return &s.Version },
		touch:   func(s *core.Share, at time.Time) { s.UpdatedAt = at },
	}
	return edit(ctx, r.e, v, 0, func(s *core.Share) ([]table.Write, error) {
		previous := s.Permission
		if err := change(s); err != nil {
			return nil, err
		}
		return append(onceWrites(ctx, s.ID()), shareChange(s, "share_updated", previous, actorID)), nil
	})
}

// Delete removes a share; NOT_FOUND when it is gone by now.
func (r *Shares) Delete(ctx context.Context, s *core.Share, actorID string) error {
	gone := *s
	gone.Permission = core.PermissionNone
	err := r.e.Transact(ctx, "", append([]table.Write{
		table.Delete(shareKey(s.DashboardID, s.TargetType, s.TargetID), table.IfExists()),
		shareChange(&gone, "share_removed", s.Permission, actorID),
	}, onceWrites(ctx, s.ID())...))
	if table.ConditionFailed(err) != nil {
		return core.NotFound("input.id")
	}
	return err
}

// Of lists a dashboard's shares, groups first, expired ones included.
func (r *Shares) Of(ctx context.Context, dashboardID string) ([]*core.Share, error) {
	var out []*core.Share
	for _, prefix := range []string{"GROUP#", "USER#"} {
		items, err := collect(ctx, r.e, table.Query{Table: table.Shares, PK: "DASHBOARD#" + dashboardID, Prefix: prefix}, 0)
		if err != nil {
			return nil, err
		}
		for _, it := range items {
			out = append(out, readShare(it))
		}
	}
	return out, nil
}

// Every lists all shares to a user or group, newest dashboard first, expired
// ones included.
func (r *Shares) Every(ctx context.Context, t core.TargetType, id string) ([]*core.Share, error) {
	return collectAs(ctx, r.e, table.Query{Table: table.Shares, Index: table.SharesByPrincipal, PK: principal(t, id), Desc: true}, 0, readShare)
}

// To lists the live shares to a user or group by dashboard id descending, at
// most limit, from the dashboard after the given id on ("" is the start). more
// tells whether the list goes on.
func (r *Shares) To(ctx context.Context, t core.TargetType, id, after string, limit int) (shares []*core.Share, more bool, err error) {
	start, err := afterID("DASHBOARD#", principal(t, id), after, core.NounDashboard)
	if err != nil {
		return nil, false, err
	}
	q := table.Query{Table: table.Shares, Index: table.SharesByPrincipal, PK: principal(t, id), Desc: true, Start: start}
	for now := Now(); ; {
		q.Limit = limit - len(shares)
		page, err := readPage(ctx, r.e, q)
		if err != nil {
			return nil, false, err
		}
		for _, it := range page.Items {
			if s := readShare(it); s.Live(now) {
				core.ActorFrom(ctx).Reading().Until(s.ExpiresAt)
				shares = append(shares, s)
			}
		}
		if page.Last == nil || len(shares) == limit {
			return shares, page.Last != nil, nil
		}
		q.Start = page.Last // expired shares took the places of live ones
	}
}

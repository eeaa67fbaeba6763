package access

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// Impact is what ends with a group.
type Impact struct {
	Members []*core.User
	Shares  []*core.Share // all shares to the group, newest dashboard first
	Losses  []Loss        // by dashboard as Shares, then by person
}

// Loss is one dashboard that one person sees through a group alone.
type Loss struct {
	UserID      string
	DashboardID string
}

// readsAtOnce bounds the reads that one question does at the same time.
const readsAtOnce = 16

// GroupImpact tells what would end with a group; for who may administer, which
// the caller has asked.
func (g *Gate) GroupImpact(ctx context.Context, groupID string) (*Impact, error) {
	members, err := g.members(ctx, groupID)
	if err != nil {
		return nil, core.Internal("access: members of group", err)
	}
	shares, err := g.store.Shares.Every(ctx, core.TargetGroup, groupID)
	if err != nil {
		return nil, core.Internal("access: shares to group", err)
	}
	now := store.Now()
	open := slices.DeleteFunc(slices.Clone(shares), func(s *core.Share) bool { return !s.Live(now) })
	ways, err := g.waysBeside(ctx, groupID, open)
	if err != nil {
		return nil, core.Internal("access: shares beside the group's", err)
	}
	im := &Impact{Members: members, Shares: shares}
	for _, w := range ways {
		for _, u := range members {
			if u.Active() && !w.opensFor(u) {
				im.Losses = append(im.Losses, Loss{UserID: u.ID, DashboardID: w.dashboard.ID})
			}
		}
	}
	return im, nil
}

// members are the people of a group, by id.
func (g *Gate) members(ctx context.Context, groupID string) ([]*core.User, error) {
	var ids []string
	for page := (core.PageArgs{First: core.MaxPage}); ; {
		part, err := g.store.Groups.Members(ctx, groupID, page)
		if err != nil {
			return nil, err
		}
		for _, m := range part.Nodes {
			ids = append(ids, m.UserID)
		}
		if !part.HasNext {
			break
		}
		page.After = part.EndCursor()
	}
	people, err := g.store.Users.Many(ctx, ids)
	return slices.SortedFunc(maps.Values(people), func(a, b *core.User) int { return cmp.Compare(a.ID, b.ID) }), err
}

// ways are the people and groups for whom a dashboard is open.
type ways struct {
	dashboard *core.Dashboard
	to        map[string]bool // ids of people and of groups that are there
}

func (w *ways) opensFor(u *core.User) bool {
	return u.Role == core.RoleAdmin || w.dashboard.OwnerID == u.ID || w.to[u.ID] ||
		slices.ContainsFunc(u.GroupIDs, func(id string) bool { return w.to[id] })
}

// waysBeside are the ways into the shared dashboards that do not lead through
// the group. A dashboard that is gone has none.
func (g *Gate) waysBeside(ctx context.Context, groupID string, shares []*core.Share) ([]*ways, error) {
	ids := make([]string, len(shares))
	for i, s := range shares {
		ids[i] = s.DashboardID
	}
	dashboards, err := g.store.Dashboards.Many(ctx, ids)
	if err != nil {
		return nil, err
	}
	others, err := g.sharesOf(ctx, ids)
	if err != nil {
		return nil, err
	}
	live, err := g.store.Groups.Many(ctx, groupsIn(others))
	if err != nil {
		return nil, err
	}
	var all []*ways
	for i, id := range ids {
		if dashboards[id] == nil {
			continue
		}
		w := &ways{dashboard: dashboards[id], to: map[string]bool{}}
		for _, s := range others[i] {
			w.to[s.TargetID] = s.TargetID != groupID && (s.TargetType == core.TargetUser || live[s.TargetID] != nil)
		}
		all = append(all, w)
	}
	return all, nil
}

// sharesOf are the shares that open each of the dashboards just now.
func (g *Gate) sharesOf(ctx context.Context, ids []string) ([][]*core.Share, error) {
	found, now := make([][]*core.Share, len(ids)), store.Now()
	reads, ctx := errgroup.WithContext(ctx)
	reads.SetLimit(readsAtOnce)
	for i, id := range ids {
		reads.Go(func() error {
			shares, err := g.store.Shares.Of(ctx, id)
			found[i] = slices.DeleteFunc(shares, func(s *core.Share) bool { return !s.Live(now) })
			return err
		})
	}
	return found, reads.Wait()
}

func groupsIn(shares [][]*core.Share) (ids []string) {
	for _, of := range shares {
		for _, s := range of {
			if s.TargetType == core.TargetGroup {
				ids = append(ids, s.TargetID)
			}
		}
	}
	return ids
}

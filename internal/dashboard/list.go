package dashboard

import (
	"cmp"
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/karuta-bi/karuta/internal/core"
)

// Dashboards lists what the actor owns and what is shared with the actor or
// with a group of theirs, newest first. Its number of table calls does not
// grow with the number of dashboards.
func (s *Service) Dashboards(ctx context.Context, page core.PageArgs) (core.Page[*core.Dashboard], error) {
	actor, err := s.gate.RequireSignedIn(ctx)
	if err != nil {
		return core.Page[*core.Dashboard]{}, err
	}
	var out core.Page[*core.Dashboard]
	for {
		part, last, err := s.candidates(ctx, actor, page)
		if err != nil {
			return core.Page[*core.Dashboard]{}, err
		}
		for _, d := range part {
			out.Nodes, out.Cursors = append(out.Nodes, d), append(out.Cursors, d.ID)
		}
		// Shares of a dashboard that is being deleted can empty a page of a list that goes on.
		if out.HasNext = last != ""; !out.HasNext || len(out.Nodes) > 0 {
			return out, nil
		}
		page.After = last
	}
}

// sourcesAtOnce bounds the reads that one list does at the same time.
const sourcesAtOnce = 16

// sources are the parts that a list is merged from.
type sources struct {
	owned  []*core.Dashboard
	shares [][]*core.Share // to the actor and to each group
}

// candidates reads one page of ids and their dashboards. last is the page's
// last id where the list goes on after it, "" at the end.
func (s *Service) candidates(ctx context.Context, actor *core.Actor, page core.PageArgs) (found []*core.Dashboard, last string, err error) {
	src, err := s.read(ctx, actor, page)
	if err != nil {
		return nil, "", err
	}
	ids := src.newest()
	if len(ids) > page.First {
		ids = ids[:page.First]
		last = ids[len(ids)-1]
	}
	known := map[string]*core.Dashboard{}
	for _, d := range src.owned {
		known[d.ID] = d
	}
	var missing []string
	for _, id := range ids {
		if known[id] == nil {
			missing = append(missing, id)
		}
	}
	shared, err := s.store.Dashboards.Many(ctx, missing)
	if err != nil {
		return nil, "", core.Internal("read shared dashboards", err)
	}
	for _, id := range ids {
		d := cmp.Or(known[id], shared[id])
		if d != nil {
			s.gate.Prime(ctx, d, src.sharesOf(id))
			found = append(found, d)
		}
	}
	return found, last, nil
}

// read asks every source for one more than the page holds: then whatever is
// left out of a source is older than the whole page.
func (s *Service) read(ctx context.Context, actor *core.Actor, page core.PageArgs) (*sources, error) {
	groups, err := s.gate.LiveGroups(ctx)
	if err != nil {
		return nil, err
	}
	targets := append([]string{actor.UserID()}, groups...)
	src := &sources{shares: make([][]*core.Share, len(targets))}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(sourcesAtOnce)
	group.Go(func() (err error) {
		src.owned, err = s.store.Dashboards.ByOwner(ctx, actor.UserID(), page.After, page.First+1)
		return err
	})
	for i, id := range targets {
		kind := core.TargetUser
		if i > 0 {
			kind = core.TargetGroup
		}
		group.Go(func() (err error) {
			src.shares[i], _, err = s.store.Shares.To(ctx, kind, id, page.After, page.First+1)
			return err
		})
	}
	return src, group.Wait()
}

// newest are the ids of all sources, each once, newest first.
func (src *sources) newest() []string {
	var ids []string
	for _, d := range src.owned {
		ids = append(ids, d.ID)
	}
	for _, shares := range src.shares {
		for _, sh := range shares {
			ids = append(ids, sh.DashboardID)
		}
	}
	slices.SortFunc(ids, func(a, b string) int { return cmp.Compare(b, a) })
	return slices.Compact(ids)
}

func (src *sources) sharesOf(dashboardID string) (found []*core.Share) {
	for _, shares := range src.shares {
		for _, sh := range shares {
			if sh.DashboardID == dashboardID {
				found = append(found, sh)
			}
		}
	}
	return found
}

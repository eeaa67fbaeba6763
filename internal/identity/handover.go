package identity

import (
	"context"
	"time"

	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// ownedShown is how many things of a kind are listed of a person's.
const ownedShown = core.MaxPage

// Owned is what a person owns: the numbers, and the newest hundred of each kind,
// of filter views the shared ones before the others.
type Owned struct {
	Dashboards            []*core.Dashboard
	DashboardCount        int
	Datasets              []*core.Dataset
	DatasetCount          int
	Cards                 []*core.Card
	CardCount             int
	Transforms            []*core.Transform
	TransformCount        int
	FilterViews           []*core.FilterView // what others keep for themselves is withheld of them
	FilterViewCount       int
	SharedFilterViewCount int
	APIKeys               []*core.APIKey // live ones
	APIKeyCount           int
	RunningImports        int // each makes a dataset of theirs, or of who took over, when it ends
}

// Count is how many things there are to hand over.
func (o *Owned) Count() int {
	return o.DashboardCount + o.DatasetCount + o.CardCount + o.TransformCount + o.SharedFilterViewCount
}

// Departure is somebody who leaves.
type Departure struct {
	UserID     string
	HandOverTo string // who gets what they own, "" for nobody
	DryRun     bool   // only tell
}

// Departed is how it went.
type Departed struct {
	User       *core.User
	HandedOver int    // things
	Owned      *Owned // what they own now, after the hand-over
}

// Depart locks an account, as [Service.Deactivate] does, and hands over what its
// person owns; filter views that are not shared stay with the account. For
// administrators. Each thing goes by itself: where it fails
// midway the error, SERVICE_UNAVAILABLE.hand_over, tells in Details["handedOver"]
// how many have gone, and asking again goes on with the rest.
func (s *Service) Depart(ctx context.Context, in Departure) (*Departed, error) {
	user, err := s.forChange(ctx, in.UserID)
	if err != nil {
		return nil, err
	}
	if in.HandOverTo != "" {
		if err := s.requireSuccessor(ctx, "input.handOverTo", in.HandOverTo, user.ID); err != nil {
			return nil, err
		}
	}
	out := &Departed{User: shown(user)}
	if !in.DryRun {
		if out.User, out.HandedOver, err = s.leave(ctx, in); err != nil {
			return nil, err
		}
	}
	out.Owned, err = s.Owned(ctx, in.UserID)
	return out, err
}

func (s *Service) leave(ctx context.Context, in Departure) (user *core.User, handed int, err error) {
	user, err = s.Deactivate(ctx, in.UserID)
	if err != nil || in.HandOverTo == "" {
		return user, 0, err
	}
	// An import that ends later asks the person's successor whose its dataset is.
	_, err = s.store.Users.Edit(ctx, user.ID, func(u *core.User) error { u.SuccessorID = in.HandOverTo; return nil })
	if err != nil {
		return user, 0, core.Known("identity: name successor", err)
	}
	if handed, err = s.handOver(ctx, user.ID, in.HandOverTo); err != nil {
		return user, handed, &core.Error{
			Code: core.CodeUnavailable, Reason: "hand_over", Args: map[string]any{"count": handed},
			Details: map[string]any{"handedOver": handed}, Cause: err,
		}
	}
	return user, handed, nil
}

// handOver gives all that a person owns to another, and counts it. What somebody
// else took over or deleted meanwhile is left alone.
func (s *Service) handOver(ctx context.Context, fromID, toID string) (handed int, err error) {
	if err := s.audit.Ready(); err != nil {
		return 0, err
	}
	successor, err := s.store.Users.Get(ctx, toID)
	if successor, err = found(successor, err, "input.handOverTo"); err != nil {
		return 0, err
	}
	// The views come last, when the successor has the dashboards.
	for _, kind := range []core.Noun{core.NounDataset, core.NounCard, core.NounTransform, core.NounDashboard, core.NounFilterView} {
		err := s.eachOwned(ctx, kind, fromID, func(id string) error {
			if kind == core.NounFilterView {
				if mayTake, err := s.mayTakeView(ctx, successor, id); err != nil || !mayTake {
					return err
				}
			}
			given, err := s.give(ctx, kind, store.Handover{ID: id, FromID: fromID, ToID: toID})
			if given {
				handed++
			}
			if core.CodeOf(err) == core.CodeConflict {
				return nil
			}
			return err
		})
		if err != nil {
			return handed, err
		}
	}
	return handed, s.handOverDeleted(ctx, fromID, toID)
}

// handOverDeleted gives the deleted datasets of a person to another, who can then
// bring them back. They are no things that are counted.
func (s *Service) handOverDeleted(ctx context.Context, fromID, toID string) error {
	for p := (core.PageArgs{First: core.MaxPage}); ; {
		page, err := s.store.Datasets.DeletedOf(ctx, fromID, time.Time{}, p)
		if err != nil {
			return core.Known("identity: read a person's deleted datasets", err)
		}
		for _, gone := range page.Nodes {
			given, err := s.store.Datasets.TransferDeleted(ctx, store.Handover{ID: gone.ID, FromID: fromID, ToID: toID})
			if err == nil && given != nil {
				err = s.recordStrict(ctx, core.EventOwnerChanged, "dataset", gone.ID, "from", fromID, "to", toID, "keep", "")
			}
			if err != nil && core.CodeOf(err) != core.CodeConflict {
				return err
			}
		}
		if !page.HasNext {
			return nil
		}
		p.After = page.EndCursor()
	}
}

// mayTakeView tells whether the successor sees the view already: it must not tell
// them what to choose on a dashboard that is closed to them.
func (s *Service) mayTakeView(ctx context.Context, successor *core.User, id string) (bool, error) {
	dashboardID, _ := core.FilterViewDashboard(id)
	grant, err := s.gate.Standing(core.WithActor(ctx, &core.Actor{User: successor}), dashboardID)
	return grant != nil && grant.Allows(access.View), err
}

// eachOwned calls the function with the id of each thing of a kind.
func (s *Service) eachOwned(ctx context.Context, kind core.Noun, ownerID string, do func(id string) error) error {
	for p := (core.PageArgs{First: core.MaxPage}); ; {
		ids, more, err := s.ownedIDs(ctx, kind, ownerID, p)
		if err != nil {
			return core.Known("identity: read what a person owns", err)
		}
		for _, id := range ids {
			if err := do(id); err != nil {
				return err
			}
			p.After = id
		}
		if !more {
			return nil
		}
	}
}

// ownedIDs is a page of the ids of what a person owns; the cursors of these
// lists are the ids.
func (s *Service) ownedIDs(ctx context.Context, kind core.Noun, ownerID string, p core.PageArgs) (ids []string, more bool, err error) {
	switch kind {
	case core.NounDataset:
		page, err := s.store.Datasets.ByOwner(ctx, ownerID, p)
		return page.Cursors, page.HasNext, err
	case core.NounCard:
		page, err := s.store.Cards.ByOwner(ctx, ownerID, p)
		return page.Cursors, page.HasNext, err
	case core.NounTransform:
		page, err := s.store.Transforms.ByOwner(ctx, ownerID, nil, p)
		return page.Cursors, page.HasNext, err
	case core.NounFilterView:
		page, err := s.store.FilterViews.ByOwner(ctx, ownerID, "", p)
		return page.Cursors, page.HasNext, err
	}
	page, err := s.store.Dashboards.ByOwner(ctx, ownerID, p.After, p.First)
	for _, d := range page {
		ids = append(ids, d.ID)
	}
	return ids, len(ids) == p.First, err
}

// Owned tells what a person owns. For administrators.
func (s *Service) Owned(ctx context.Context, userID string) (*Owned, error) {
	if _, err := s.gate.RequireAdmin(ctx); err != nil {
		return nil, err
	}
	out, err := s.newestOwned(ctx, userID)
	if err != nil {
		return nil, core.Known("identity: read what a person owns", err)
	}
	if err := s.ownedViews(ctx, userID, out); err != nil {
		return nil, core.Known("identity: read a person's filter views", err)
	}
	if err := s.ownedKeys(ctx, userID, out); err != nil {
		return nil, err
	}
	for kind, count := range map[core.Noun]*int{
		core.NounDashboard: &out.DashboardCount, core.NounDataset: &out.DatasetCount, core.NounCard: &out.CardCount,
		core.NounTransform: &out.TransformCount,
	} {
		if err := s.eachOwned(ctx, kind, userID, func(string) error { *count++; return nil }); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (s *Service) newestOwned(ctx context.Context, userID string) (*Owned, error) {
	dashboards, err := s.store.Dashboards.ByOwner(ctx, userID, "", ownedShown)
	if err != nil {
		return nil, err
	}
	datasets, err := s.store.Datasets.ByOwner(ctx, userID, core.PageArgs{First: ownedShown})
	if err != nil {
		return nil, err
	}
	cards, err := s.store.Cards.ByOwner(ctx, userID, core.PageArgs{First: ownedShown})
	if err != nil {
		return nil, err
	}
	transforms, err := s.store.Transforms.ByOwner(ctx, userID, nil, core.PageArgs{First: ownedShown})
	if err != nil {
		return nil, err
	}
	out := &Owned{Dashboards: dashboards, Datasets: datasets.Nodes, Cards: cards.Nodes, Transforms: transforms.Nodes}
	jobs, err := s.store.Jobs.Open(ctx)
	for _, j := range jobs {
		if j.OwnerID == userID {
			out.RunningImports++
		}
	}
	return out, err
}

package access

import (
	"context"
	"maps"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// mostHistories bounds what one question about the past reads.
const mostHistories = 20_000

// pastRead gathers the histories that a question needs.
type pastRead struct {
	store *store.Store
	past  *Past

	mu      sync.Mutex
	told    map[string]bool
	members map[string]bool // of the groups that were told
}

func newPastRead(st *store.Store) *pastRead {
	return &pastRead{store: st, past: NewPast(), told: map[string]bool{}, members: map[string]bool{}}
}

// tell reads histories that were not read yet and adds them.
func (r *pastRead) tell(ctx context.Context, ids []string) error {
	var missing []string
	for _, id := range ids {
		if !r.told[id] && id != "" {
			r.told[id] = true
			missing = append(missing, id)
		}
	}
	if len(r.told) > mostHistories {
		return core.Invalid("resource", "report_too_large")
	}
	reads, ctx := errgroup.WithContext(ctx)
	reads.SetLimit(readsAtOnce)
	for _, id := range missing {
		reads.Go(func() error {
			if noun, _ := core.NounOf(id); noun == core.NounDashboard {
				return r.tellBoard(ctx, id)
			}
			return r.tellRights(ctx, id)
		})
	}
	return reads.Wait()
}

func (r *pastRead) tellBoard(ctx context.Context, id string) error {
	changes, err := r.store.Shares.History(ctx, id)
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(changes) > 0 {
		r.past.TellBoard(id, changes)
	}
	return err
}

func (r *pastRead) tellRights(ctx context.Context, id string) error {
	changes, err := r.store.Rights.Of(ctx, id)
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(changes) > 0 {
		r.past.Tell(id, changes)
	}
	for _, c := range changes {
		if noun, _ := core.NounOf(id); noun == core.NounGroup && c.Kind == core.RightsMemberAdded {
			r.members[c.OtherID] = true
		}
	}
	return err
}

// about reads what a report asks about, and gives the people and the things.
func (r *pastRead) about(ctx context.Context, in ReportInput) (people, things []string, err error) {
	if in.UserID == "" {
		people, err = r.ofResource(ctx, in.ResourceID)
		return people, []string{in.ResourceID}, err
	}
	if things, err = r.ofPerson(ctx, in.UserID); err != nil || in.ResourceID == "" {
		return []string{in.UserID}, things, err
	}
	if err = r.tell(ctx, []string{in.ResourceID}); err == nil && r.past.things[in.ResourceID] == nil && r.past.boards[in.ResourceID] == nil {
		err = core.NotFound("resource")
	}
	return []string{in.UserID}, []string{in.ResourceID}, err
}

// ofPerson reads what a person could ever see, and gives its ids, sorted. What
// they could see as an administrator alone is not looked for.
func (r *pastRead) ofPerson(ctx context.Context, userID string) ([]string, error) {
	if err := r.tell(ctx, []string{userID}); err != nil {
		return nil, err
	}
	u := r.past.people[userID]
	if u == nil {
		return nil, core.NotFound("userId")
	}
	groups := slices.Collect(maps.Keys(u.memberOf))
	things, err := r.store.Rights.EverOwned(ctx, userID)
	if err != nil {
		return nil, err
	}
	boards, err := r.store.Shares.EverOpenTo(ctx, core.TargetUser, userID)
	if err != nil {
		return nil, err
	}
	for _, g := range groups {
		more, err := r.store.Shares.EverOpenTo(ctx, core.TargetGroup, g)
		if err != nil {
			return nil, err
		}
		boards = append(boards, more...)
	}
	if err := r.tell(ctx, slices.Concat(groups, boards)); err != nil {
		return nil, err
	}
	for _, b := range r.past.boards {
		things = append(things, slices.Collect(maps.Keys(b.cards))...)
	}
	if err := r.tell(ctx, things); err != nil {
		return nil, err
	}
	var datasets []string
	for _, t := range r.past.things {
		datasets = append(datasets, slices.Collect(maps.Keys(t.datasets))...)
	}
	if err := r.tell(ctx, datasets); err != nil {
		return nil, err
	}
	ids := slices.AppendSeq(slices.Collect(maps.Keys(r.past.boards)), maps.Keys(r.past.things))
	slices.Sort(ids)
	return ids, nil
}

// ofResource reads who could ever see a dashboard, dataset, card or transform, and gives
// their ids, sorted.
func (r *pastRead) ofResource(ctx context.Context, id string) ([]string, error) {
	if err := r.tell(ctx, []string{id}); err != nil {
		return nil, err
	}
	thing := r.past.things[id]
	if thing == nil && r.past.boards[id] == nil {
		return nil, core.NotFound("resource")
	}
	if thing != nil {
		if err := r.boardsOf(ctx, id, thing); err != nil {
			return nil, err
		}
	}
	people, groups, err := r.reached(ctx)
	if err != nil {
		return nil, err
	}
	if err := r.tell(ctx, groups); err != nil {
		return nil, err
	}
	people = slices.AppendSeq(people, maps.Keys(r.members))
	if err := r.tell(ctx, people); err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(r.past.people)), nil
}

// boardsOf reads the dashboards that ever showed a dataset or a card, and the
// cards through which they showed the dataset.
func (r *pastRead) boardsOf(ctx context.Context, id string, thing *pastThing) error {
	boards := slices.Collect(maps.Keys(thing.boards))
	noun, _ := core.NounOf(id)
	if noun == core.NounDataset {
		return r.tell(ctx, slices.AppendSeq(boards, maps.Keys(thing.cards)))
	}
	if err := r.tell(ctx, slices.Collect(maps.Keys(thing.datasets))); err != nil {
		return err
	}
	for datasetID := range thing.datasets {
		if d := r.past.things[datasetID]; d != nil && d.cards[id] {
			boards = slices.AppendSeq(boards, maps.Keys(d.boards))
		}
	}
	return r.tell(ctx, boards)
}

// reached are the people and the groups to whom the things that were told were
// ever open, and who was ever an administrator.
func (r *pastRead) reached(ctx context.Context) (people, groups []string, err error) {
	admins, err := r.store.Rights.Admins(ctx)
	for _, c := range admins {
		people = append(people, c.SubjectID)
	}
	for _, b := range r.past.boards {
		people = slices.AppendSeq(people, maps.Keys(b.owners))
		for target := range b.shares {
			if target.Type == core.TargetGroup {
				groups = append(groups, target.ID)
			} else {
				people = append(people, target.ID)
			}
		}
	}
	for _, t := range r.past.things {
		people = slices.AppendSeq(people, maps.Keys(t.owners))
	}
	return people, groups, err
}

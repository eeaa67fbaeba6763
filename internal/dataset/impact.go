package dataset

import (
	"context"
	"slices"
	"strings"

	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/core"
)

const (
	// maxDependents is up to how many cards, dashboards and transforms of a dataset
	// are looked at.
	maxDependents = 1000
	// toldAtOnce is how many people one transaction tells; more are told after it.
	toldAtOnce = 80
)

// Impact is what depends on the columns that a staged version changes.
type Impact struct {
	Columns      []ColumnImpact // of each column that changes, in the order of the changes
	CardCount    int            // cards that read the dataset; any of them may use any column
	TransformIDs []string       // transforms that read the dataset; the same
}

// ColumnImpact is what is known to use one column.
type ColumnImpact struct {
	Column   string
	Breaking bool
	Cards    []*core.Card // whose code names it
	Filters  []FilterUse
	Policies []Policy // that name it
}

// FilterUse is a filter on a dashboard that shows the dataset's cards.
type FilterUse struct {
	DashboardID string
	FilterID    string
	ownerID     string
}

// dependents is what reads a dataset.
type dependents struct {
	cards      []*core.Card
	dashboards []*core.Dashboard
	transforms []string
}

func (s *Service) dependents(ctx context.Context, datasetID string) (on dependents, err error) {
	for page := (core.PageArgs{First: core.MaxPage}); ; {
		part, err := s.Store.Cards.ByDataset(ctx, datasetID, page)
		if err != nil {
			return on, core.Internal("read cards of dataset", err)
		}
		on.cards = append(on.cards, part.Nodes...)
		if !part.HasNext || len(on.cards) >= maxDependents {
			break
		}
		page.After = part.EndCursor()
	}
	ids, err := s.Store.Dashboards.HoldingDataset(ctx, datasetID, maxDependents)
	if err != nil {
		return on, core.Internal("read dashboards of dataset", err)
	}
	found, err := s.Store.Dashboards.Many(ctx, ids)
	if err != nil {
		return on, core.Internal("read dashboards", err)
	}
	for _, id := range ids {
		if found[id] != nil {
			on.dashboards = append(on.dashboards, found[id])
		}
	}
	if on.transforms, err = s.Store.Transforms.ByInput(ctx, datasetID, maxDependents); err != nil {
		return on, core.Internal("read transforms of dataset", err)
	}
	return on, nil
}

// impactOf tells what the changes meet.
func impactOf(d *core.Dataset, changes []SchemaChange, on dependents) *Impact {
	im := &Impact{CardCount: len(on.cards), TransformIDs: on.transforms}
	for _, c := range changes {
		if n := len(im.Columns); n > 0 && im.Columns[n-1].Column == c.Column { // two changes of one column
			im.Columns[n-1].Breaking = im.Columns[n-1].Breaking || c.Breaking
			continue
		}
		im.Columns = append(im.Columns, columnImpact(d, c, on))
	}
	return im
}

func columnImpact(d *core.Dataset, change SchemaChange, on dependents) ColumnImpact {
	im := ColumnImpact{Column: change.Column, Breaking: change.Breaking}
	for _, c := range on.cards {
		if strings.Contains(c.Code, change.Column) {
			im.Cards = append(im.Cards, c)
		}
	}
	for _, page := range on.dashboards {
		for _, f := range page.Filters {
			if f.Column == change.Column {
				im.Filters = append(im.Filters, FilterUse{page.ID, f.ID, page.OwnerID})
			}
		}
	}
	for _, p := range d.Policies {
		if names(p, change.Column) {
			im.Policies = append(im.Policies, Policy{p, access.Broken(d, p)})
		}
	}
	return im
}

// names tells whether a policy names a column.
func names(p core.Policy, column string) bool {
	return slices.Contains(p.Hidden, column) || p.Rows != nil && rowsName(*p.Rows, column) ||
		slices.ContainsFunc(p.Masked, func(m core.MaskedColumn) bool { return m.Column == column })
}

func rowsName(r core.RowCondition, column string) bool {
	return r.Column == column || slices.ContainsFunc(r.Args, func(arg core.RowCondition) bool { return rowsName(arg, column) })
}

// warnings tell the owners of what depends on a dataset, and its own, that its
// columns break; none where they do not. Who does it knows.
func (s *Service) warnings(ctx context.Context, d *core.Dataset, columns []core.Column, by string) ([]core.Notice, error) {
	changes := schemaChanges(d.Columns, columns)
	if !breaks(changes) {
		return nil, nil
	}
	on, err := s.dependents(ctx, d.ID)
	if err != nil {
		return nil, err
	}
	transforms, err := s.Store.Transforms.Many(ctx, on.transforms)
	if err != nil {
		return nil, core.Internal("read transforms", err)
	}
	people := map[string]bool{d.OwnerID: true}
	for _, t := range transforms {
		people[t.OwnerID] = true
	}
	for _, c := range impactOf(d, changes, on).Columns {
		c.owners(people)
	}
	delete(people, by)
	return noticesTo(people, d.ID, by), nil
}

// owners adds who owns what uses the column, where it breaks.
func (c ColumnImpact) owners(people map[string]bool) {
	if !c.Breaking {
		return
	}
	for _, card := range c.Cards {
		people[card.OwnerID] = true
	}
	for _, f := range c.Filters {
		people[f.ownerID] = true
	}
}

func noticesTo(people map[string]bool, datasetID, by string) (notices []core.Notice) {
	for id := range people {
		notices = append(notices, core.Notice{UserID: id, Kind: core.NoticeColumnsChanged, ActorID: by, TargetID: datasetID})
	}
	return notices
}

// tellRest tells those for whom there was no place in the transaction.
func (s *Service) tellRest(ctx context.Context, notices []core.Notice) {
	for _, n := range notices[min(len(notices), toldAtOnce):] {
		if err := s.Store.Outbox.Add(ctx, n); err != nil {
			s.Log.ErrorContext(ctx, "somebody was not told of changed columns", "dataset", n.TargetID, "error", err)
		}
	}
}

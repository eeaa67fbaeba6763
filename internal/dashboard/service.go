package dashboard

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/audit"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// Service does what can be done with dashboards and their shares. Every method
// checks the actor of its context.
type Service struct {
	store *store.Store
	gate  *access.Gate
	audit *audit.Log
	views *views
	now   func() time.Time
}

// New makes a service.
func New(st *store.Store, gate *access.Gate, log *audit.Log) *Service {
	return &Service{store: st, gate: gate, audit: log, views: newViews(), now: store.Now}
}

// Create makes an empty dashboard of the actor's.
func (s *Service) Create(ctx context.Context, name, description string) (*core.Dashboard, error) {
	actor, err := s.gate.RequireSignedIn(ctx)
	if err != nil {
		return nil, err
	}
	if name, err = core.CheckName("input.name", name); err != nil {
		return nil, err
	}
	if err := core.CheckText("input.description", description, core.MaxDescription); err != nil {
		return nil, err
	}
	now := store.Now()
	d := &core.Dashboard{
		ID: core.NewID(core.NounDashboard), Name: name, Description: description, OwnerID: actor.UserID(), CreatedAt: now, UpdatedAt: now,
	}
	if err := s.store.Dashboards.Create(ctx, d); err != nil {
		return nil, err
	}
	s.note(ctx, core.EventDashboardCreated, d.ID, map[string]string{"name": d.Name})
	return s.gate.Prime(ctx, d, nil).Dashboard, nil
}

// Change is an edit of a dashboard. Nil leaves a part as it is; an empty slice
// clears it.
type Change struct {
	ID          string
	Version     int64 // as last read
	Name        *string
	Description *string
	Cards       *[]core.Placement
	Filters     *[]core.Filter // an ID "" makes a new filter
}

// Update edits a dashboard; for its editors. CONFLICT, with both versions,
// when it was changed since. A card that is new on the page must be readable,
// with its dataset, by the editor's own right (as owner or admin).
func (s *Service) Update(ctx context.Context, c Change) (*core.Dashboard, error) {
	grant, err := s.gate.RequireDashboard(ctx, "input.id", c.ID, access.Edit)
	if err != nil {
		return nil, err
	}
	if err := checkChange(&c); err != nil {
		return nil, err
	}
	datasetOf, err := s.requireCards(ctx, grant.Dashboard, c)
	if err != nil {
		return nil, err
	}
	actor := core.ActorFrom(ctx).UserID()
	d, err := s.store.Dashboards.Edit(ctx, c.ID, actor, c.Version, datasetOf, func(d *core.Dashboard) error {
		return apply(d, c, datasetOf)
	})
	if err != nil {
		return nil, err
	}
	if d == nil {
		return nil, core.NotFound("input.id")
	}
	s.gate.Forget(ctx, d.ID)
	d.Mine = grant.Permission
	s.note(ctx, core.EventDashboardUpdated, d.ID, map[string]string{
		"version": strconv.FormatInt(d.Version, 10), "cards": strconv.Itoa(len(d.Cards)), "filters": strconv.Itoa(len(d.Filters)),
	})
	return d, nil
}

// requireCards wants the editor's own right to every card that comes onto the
// page and to its dataset: the page will show them to others. It gives the
// dataset of each new card; cards that lie there already stay.
func (s *Service) requireCards(ctx context.Context, d *core.Dashboard, c Change) (map[string]string, error) {
	datasetOf := map[string]string{}
	if c.Cards == nil {
		return datasetOf, nil
	}
	for i, p := range *c.Cards {
		if _, stays := d.Place(p.CardID); stays {
			continue
		}
		field := place(i, "cardId")
		card, err := s.gate.RequireCard(ctx, field, p.CardID, access.Manage)
		if err != nil {
			return nil, err
		}
		if card.Kind == core.CardCode {
			if _, err := s.gate.RequireDataset(ctx, field, card.DatasetID, access.Manage); err != nil {
				return nil, err
			}
		}
		datasetOf[card.ID] = card.DatasetID
	}
	return datasetOf, nil
}

// Delete removes a dashboard and its shares; for its owner and admins.
func (s *Service) Delete(ctx context.Context, id string) error {
	grant, err := s.gate.RequireDashboard(ctx, "input.id", id, access.Manage)
	if err != nil {
		return err
	}
	if err := s.audit.Ready(); err != nil {
		return err
	}
	if err := s.store.Dashboards.Delete(ctx, grant.Dashboard, core.ActorFrom(ctx).UserID()); err != nil {
		return err
	}
	s.gate.Forget(ctx, id)
	return s.audit.RecordStrict(ctx, event(core.EventDashboardDeleted, id, map[string]string{"name": grant.Dashboard.Name}))
}

// Dashboard is one dashboard that the actor may view; NOT_FOUND otherwise.
// A look is audited, once a minute for each person and dashboard.
func (s *Service) Dashboard(ctx context.Context, id string) (*core.Dashboard, error) {
	grant, err := s.gate.RequireDashboard(ctx, "id", id, access.View)
	if err != nil {
		return nil, err
	}
	actor := core.ActorFrom(ctx)
	if s.views.first(actor.ViewedBy+actor.UserID(), id, store.Now()) {
		s.note(ctx, core.EventDashboardViewed, id, nil)
	}
	return grant.Dashboard, nil
}

// PresenceTopics are where those who may see the dashboard are told of who looks at it,
// and where it shows at once that one of them may not any more.
func (s *Service) PresenceTopics(ctx context.Context, dashboardID string) ([]string, error) {
	if _, err := s.gate.RequireDashboard(ctx, "dashboardId", dashboardID, access.View); err != nil {
		return nil, err
	}
	return []string{core.PresenceTopic(dashboardID), core.DashboardTopic(dashboardID), core.UserTopic(core.ActorFrom(ctx).UserID())}, nil
}

// NewsTopics are where those who may see the dashboard are told of its changes, cards
// that lie on it as copies included.
func (s *Service) NewsTopics(ctx context.Context, dashboardID string) ([]string, error) {
	grant, err := s.gate.RequireDashboard(ctx, "dashboardId", dashboardID, access.View)
	if err != nil {
		return nil, err
	}
	topics := []string{core.DashboardTopic(dashboardID)}
	for _, p := range grant.Dashboard.Cards {
		if len(p.Grants) > 0 {
			topics = append(topics, core.CardTopic(p.CardID))
		}
	}
	return topics, nil
}

// ReferencedDataset is a dataset whose data a dashboard shows.
type ReferencedDataset struct {
	ID          string
	Name        string
	RowCount    int64
	UsedByCards int
	OwnerID     string
}

// ReferencedDatasets lists the datasets behind those of a dashboard's cards that
// are shown to the actor, by name; for its viewers.
func (s *Service) ReferencedDatasets(ctx context.Context, dashboardID string) ([]ReferencedDataset, error) {
	grant, err := s.gate.RequireDashboard(ctx, "id", dashboardID, access.View)
	if err != nil {
		return nil, err
	}
	cards, err := s.store.Cards.ManyOnce(ctx, grant.Dashboard.CardIDs())
	if err != nil {
		return nil, core.Internal("read cards of dashboard", err)
	}
	shown, err := s.gate.Admitted(ctx, grant.Dashboard)
	if err != nil {
		return nil, err
	}
	uses := map[string]int{}
	for _, c := range cards {
		if shown.Shows(c.ID) {
			uses[c.DatasetID]++
		}
	}
	datasets, err := s.store.Datasets.ManyOnce(ctx, slices.Collect(maps.Keys(uses)))
	if err != nil {
		return nil, core.Internal("read datasets of dashboard", err)
	}
	out := make([]ReferencedDataset, 0, len(datasets))
	for _, d := range datasets {
		out = append(out, ReferencedDataset{ID: d.ID, Name: d.Name, RowCount: d.RowCount, UsedByCards: uses[d.ID], OwnerID: d.OwnerID})
	}
	slices.SortFunc(out, func(a, b ReferencedDataset) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return out, nil
}

func (s *Service) note(ctx context.Context, t core.EventType, id string, details map[string]string) {
	s.audit.Record(ctx, event(t, id, details))
}

func event(t core.EventType, id string, details map[string]string) core.AuditEvent {
	return core.AuditEvent{Type: t, TargetType: "dashboard", TargetID: id, Details: details}
}

package card

import (
	"context"
	"strings"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/dataset"
)

// ExecuteInput asks for a card's result. DashboardID is the page it is seen
// on; "" is the card alone, for its owner and admins.
type ExecuteInput struct {
	core.Idempotent
	CardID      string
	DashboardID string
	Filters     []core.FilterValue // those that the dashboard does not define are ignored
	Params      string             // JSON object: what the viewer chose of the card's parameters
	UseCache    bool
}

// Execute gives the card's result, from the cache or by a run. A failure of
// the code is an error with Details["traceback"] (a *core.Traceback) for the
// card's owner alone. While the executor cannot be reached, the last good
// result stands in, with Stale set.
func (s *Service) Execute(ctx context.Context, in ExecuteInput) (*core.CardResult, error) {
	j, err := s.narrowed(ctx, in.CardID, in.DashboardID, in.Filters)
	if err != nil {
		return nil, err
	}
	if j.chosen, err = withChoices(j.card, in.Params); err != nil {
		return nil, err
	}
	if j.card.Kind == core.CardText {
		return s.textResult(ctx, j.card), nil
	}
	result, err := s.result(ctx, j, in.UseCache)
	if err != nil {
		return nil, tell(err, core.ActorFrom(ctx).Is(j.card.OwnerID))
	}
	if err := s.Store.Idempotency.Keep(ctx, result.SnapshotID); err != nil {
		return nil, core.Known("keep result for its key", err)
	}
	return seenBy(ctx, j.card, result), nil
}

// ResultAgain is what an execution gave before, by its snapshot.
func (s *Service) ResultAgain(ctx context.Context, snapshotID string, in ExecuteInput) (*core.CardResult, error) {
	snap, err := s.Snapshot(ctx, snapshotID, in.DashboardID)
	if err != nil {
		return nil, err
	}
	return snap.Result, nil
}

// narrowed opens a card and the part of its data that was chosen; a text card
// has none.
func (s *Service) narrowed(ctx context.Context, cardID, dashboardID string, filters []core.FilterValue) (job, error) {
	chosen, err := choices(filters, s.cfg.Now())
	if err != nil {
		return job{}, err
	}
	v, err := s.open(ctx, cardID, dashboardID)
	if err != nil || v.card.Kind == core.CardText {
		return job{card: v.card}, err
	}
	if v.onPage {
		if chosen, err = defined(chosen, v.filters); err != nil {
			return job{}, err
		}
	}
	if v.card.IgnoresFilters {
		chosen = nil
	}
	j, err := s.job(ctx, v, chosen)
	j.dashboardID = dashboardID
	return j, err
}

// job is the card over what the actor sees of its data, narrowed by the choices.
func (s *Service) job(ctx context.Context, v view, chosen []choice) (j job, err error) {
	j.card = v.card
	if j.source, err = dataset.Source(ctx, s.Gate, v.dataset, nil); err != nil {
		return job{}, err
	}
	j.beside = client.NamedColumns(strings.Join(v.beside, "\n"), j.source.Seen())
	j.values, j.source.Where, err = narrow(chosen, j.source.Seen())
	return j, err
}

// PreviewInput is unsaved code over a dataset.
type PreviewInput struct {
	DatasetID string
	Code      string
	Params    string
	Filters   []core.FilterValue
}

// Preview runs unsaved code without any cache; for those who may read the
// dataset as its owner or as admins. A failure carries its traceback.
func (s *Service) Preview(ctx context.Context, in PreviewInput) (*core.CardResult, error) {
	d, err := s.Gate.RequireDataset(ctx, "input.datasetId", in.DatasetID, access.Manage)
	if err != nil {
		return nil, err
	}
	if err := core.CheckCode("input.code", in.Code); err != nil {
		return nil, err
	}
	params, err := core.CheckParams("input.params", in.Params)
	if err != nil {
		return nil, err
	}
	chosen, err := choices(in.Filters, s.cfg.Now())
	if err != nil {
		return nil, err
	}
	j, err := s.job(ctx, view{card: &core.Card{Kind: core.CardCode, Code: in.Code, Params: params}, dataset: d}, chosen)
	if err != nil {
		return nil, err
	}
	if err := s.Admit(ctx, ""); err != nil {
		return nil, err
	}
	result, err := s.run(ctx, j, previewKey())
	if err != nil {
		return nil, tell(err, true)
	}
	return result, nil
}

// view is a card that the actor may see the result of.
type view struct {
	card    *core.Card
	dataset *core.Dataset // nil for a text card
	onPage  bool          // it is seen on a dashboard
	filters []core.Filter // of the dashboard, as far as they reach the card
	beside  []string      // codes and parameters of the dashboard's cards over the same data
}

func (s *Service) open(ctx context.Context, cardID, dashboardID string) (view, error) {
	if dashboardID != "" {
		return s.openOn(ctx, cardID, dashboardID)
	}
	c, err := s.Gate.RequireCard(ctx, "input.cardId", cardID, access.Manage)
	if err != nil || c.Kind == core.CardText {
		return view{card: c}, err
	}
	d, err := s.Gate.RequireDataset(ctx, "input.cardId", c.DatasetID, access.Manage)
	return view{card: c, dataset: d}, err
}

// openOn opens a card through a dashboard: whoever may view the page sees the
// results of the cards on it, of copied ones where the originals are open too.
func (s *Service) openOn(ctx context.Context, cardID, dashboardID string) (view, error) {
	grant, err := s.Gate.RequireDashboard(ctx, "input.dashboardId", dashboardID, access.View)
	if err != nil {
		return view{}, err
	}
	if err := core.CheckID("input.cardId", cardID, core.NounCard); err != nil {
		return view{}, err
	}
	b, err := s.board(ctx, grant.Dashboard)
	if err != nil {
		return view{}, err
	}
	c := b.cards[cardID]
	if c == nil {
		return view{}, core.NotFound("input.cardId")
	}
	shown, err := s.Gate.RequireAdmitted(ctx, "input.cardId", grant.Dashboard, cardID)
	if err != nil {
		return view{}, err
	}
	d := b.datasets[c.DatasetID]
	if d == nil && c.Kind == core.CardCode {
		return view{}, core.NotFound("input.cardId")
	}
	return view{card: c, dataset: d, onPage: true, filters: shown.Filters(cardID), beside: b.beside(c)}, nil
}

// isAuthor tells whether the actor may read the card's code and what it prints.
func isAuthor(ctx context.Context, c *core.Card) bool {
	actor := core.ActorFrom(ctx)
	return actor.IsAdmin() || actor.Is(c.OwnerID)
}

func seenBy(ctx context.Context, c *core.Card, r *core.CardResult) *core.CardResult {
	seen := *r
	if !isAuthor(ctx, c) {
		seen.Log = ""
	}
	return &seen
}

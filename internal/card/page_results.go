package card

import (
	"context"
	"log/slog"

	"golang.org/x/sync/errgroup"

	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/telemetry"
)

// PageInput asks for the results of a dashboard's cards.
type PageInput struct {
	DashboardID string
	Filters     []core.FilterValue // those that the dashboard does not define are ignored
	UseCache    bool
}

// Check refuses what [Service.Each] would refuse as a whole.
func (s *Service) Check(ctx context.Context, in PageInput) error {
	if _, err := s.Gate.RequireDashboard(ctx, "dashboardId", in.DashboardID, access.View); err != nil {
		return err
	}
	_, err := choices(in.Filters, s.cfg.Now())
	return err
}

// Each tells the result of each card that is shown to the actor on a dashboard, or
// why it has none, as soon as that is known; for its viewers. tell is called by one
// goroutine at a time. Cards over the same data share what is read of it, as those
// of one request do.
func (s *Service) Each(ctx context.Context, in PageInput, tell func(*core.CardOutcome)) error {
	grant, err := s.Gate.RequireDashboard(ctx, "dashboardId", in.DashboardID, access.View)
	if err != nil {
		return err
	}
	shown, err := s.Gate.Admitted(ctx, grant.Dashboard)
	if err != nil {
		return err
	}
	outcomes := make(chan *core.CardOutcome)
	var cards errgroup.Group
	for _, p := range grant.Dashboard.Cards {
		if !shown.Shows(p.CardID) {
			continue
		}
		cards.Go(func() error {
			outcomes <- s.outcome(ctx, ExecuteInput{CardID: p.CardID, DashboardID: in.DashboardID, Filters: in.Filters, UseCache: in.UseCache})
			return nil
		})
	}
	go func() { _ = cards.Wait(); close(outcomes) }() // ends with the last card
	seq := int64(0)
	for o := range outcomes {
		seq++
		o.Seq = seq
		tell(o)
	}
	return ctx.Err()
}

// outcome also tells of a bug: nobody above would catch it here.
func (s *Service) outcome(ctx context.Context, in ExecuteInput) (o *core.CardOutcome) {
	o = &core.CardOutcome{CardID: in.CardID}
	defer func() {
		if failure := recover(); failure != nil {
			s.Log.ErrorContext(ctx, "card panicked", slog.String("card", in.CardID), slog.Any("panic", failure), telemetry.Stack())
			o.Err = &core.Error{Code: core.CodeInternal}
		}
	}()
	o.Result, o.Err = s.Execute(ctx, in)
	return o
}

package app

import (
	"context"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// upkeepEvery is how often the API does what nobody asks for.
const upkeepEvery = time.Hour

// upkeep removes old results, and clears up imports, runs of transforms and
// deletions of groups that other processes lost.
func (a *App) upkeep(ctx context.Context) {
	ctx = core.AsSystem(ctx, "upkeep")
	every := time.NewTicker(upkeepEvery)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
		if err := a.Cards.Sweep(ctx); err != nil {
			a.Log.WarnContext(ctx, "old results were not swept", "cause", err)
		}
		if err := a.Identity.SweepGroups(ctx); err != nil {
			a.Log.WarnContext(ctx, "deleted groups were not swept", "cause", err)
		}
		if err := a.Datasets.Retain(ctx, store.Now()); err != nil {
			a.Log.WarnContext(ctx, "old versions were not cleared up", "cause", err)
		}
		if err := a.Transforms.Recover(ctx); err != nil {
			a.Log.WarnContext(ctx, "lost transforms were not cleared up", "cause", err)
		}
		if a.Config.Store == "embedded" {
			continue
		}
		if err := a.Datasets.Recover(ctx); err != nil {
			a.Log.WarnContext(ctx, "lost imports were not cleared up", "cause", err)
		}
	}
}

package app

import (
	"context"
	"errors"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// How often the API does what nobody asks for. It begins soon after the start, so
// that a process which never lives for an hour does it, too.
const (
	upkeepFirst = time.Minute
	upkeepEvery = time.Hour
)

// upkeep does the rounds until the context ends.
func (a *App) upkeep(ctx context.Context) {
	ctx = core.AsSystem(ctx, "upkeep")
	if a.Config.Store != "embedded" { // beside what is served: who may be lost is watched for a while
		a.clearUp(ctx)
	}
	next := time.NewTimer(upkeepFirst)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-next.C:
		}
		a.keepUp(ctx)
		next.Reset(upkeepEvery)
	}
}

// clearUp clears up what an earlier process left undone.
func (a *App) clearUp(ctx context.Context) {
	if err := errors.Join(a.Datasets.Recover(ctx), a.Transforms.Recover(ctx), a.Identity.SweepGroups(ctx)); err != nil && ctx.Err() == nil {
		a.Log.WarnContext(ctx, "what an earlier process left undone is still there", "cause", err)
	}
}

// keepUp removes old results, versions and deleted datasets, and clears up imports, runs of
// transforms and deletions of groups that other processes lost.
func (a *App) keepUp(ctx context.Context) {
	tell := func(what string, err error) {
		if err != nil {
			a.Log.WarnContext(ctx, what, "cause", err)
		}
	}
	tell("old results were not swept", a.Cards.Sweep(ctx))
	tell("deleted groups were not swept", a.Identity.SweepGroups(ctx))
	tell("old versions were not cleared up", a.Datasets.Retain(ctx, store.Now()))
	tell("deleted datasets were not purged", a.Datasets.Purge(ctx, store.Now()))
	tell("lost transforms were not cleared up", a.Transforms.Recover(ctx))
	if a.Config.Store != "embedded" {
		tell("lost imports were not cleared up", a.Datasets.Recover(ctx))
	}
}

package store_test

import (
	"sync"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

func limitsAreSetAndTheirUseAddsUp(t *testing.T, w *world) {
	ctx, now := t.Context(), store.Now()
	set := &core.RateLimit{Class: core.RateLLM, Limit: 0, Until: now.Add(time.Hour), Reason: "dear", SetBy: "user_1", SetAt: now}
	must(t, w.Limits.SetRate(ctx, set))
	rates, err := w.Limits.Rates(ctx)
	if must(t, err); len(rates) != 1 || *rates[0] != *set {
		t.Errorf("set: %+v", rates)
	}
	must(t, w.Limits.ResetRate(ctx, core.RateLLM))
	if rates, err = w.Limits.Rates(ctx); err != nil || len(rates) != 0 {
		t.Errorf("set again: %+v %v", rates, err)
	}
	block := core.BlockedAddress{Network: "203.0.113.0/24", Until: now.Add(time.Hour), Reason: "guesses", SetBy: "user_1", SetAt: now}
	must(t, w.Limits.Block(ctx, &block))
	if blocks, err := w.Limits.Blocks(ctx); err != nil || len(blocks) != 1 || blocks[0] != block {
		t.Errorf("blocked: %+v %v", blocks, err)
	}
	must(t, w.Limits.Unblock(ctx, block.Network))
	if blocks, err := w.Limits.Blocks(ctx); err != nil || len(blocks) != 0 {
		t.Errorf("unblocked: %+v %v", blocks, err)
	}
	var group sync.WaitGroup
	for peak := range 4 {
		for day := range 2 {
			group.Go(func() {
				u := core.RateUsage{Class: core.RateAPI, Subject: "user_1", Limit: 100, Peak: 90 + peak, Near: 1, Over: peak / 3, Last: now.AddDate(0, 0, -day)}
				if err := w.Limits.AddUsage(ctx, u); err != nil {
					t.Error(err)
				}
			})
		}
	}
	group.Wait()
	for days, near := range map[int]int{1: 4, 7: 8} {
		uses, err := w.Limits.Usage(ctx, now, days)
		if err != nil || len(uses) != 1 || uses[0].Peak != 93 || uses[0].Near != near || uses[0].Over != near/4 || !uses[0].Last.Equal(now) {
			t.Errorf("%d days: %+v %v", days, uses, err)
		}
	}
}

package store_test

import (
	"context"
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// keysStandForWhatTheyMade: what is made under a key and the key are written
// together or not at all, a key stands for one thing of one person, and for a day.
func keysStandForWhatTheyMade(t *testing.T, st *world) { // API-7
	key := core.IdempotencyKey{UserID: core.NewID(core.NounUser), Key: "月次 1", Input: "i"}
	ctx := core.WithIdempotencyKey(t.Context(), key)
	known := func(k core.IdempotencyKey) string {
		id, err := st.Idempotency.Known(t.Context(), k)
		must(t, err)
		return id
	}
	if id := known(key); id != "" {
		t.Errorf("a new key stands for %s", id)
	}
	first, second := board(key.UserID), board(key.UserID)
	must(t, st.Dashboards.Create(ctx, first))
	if id := known(key); id != first.ID {
		t.Errorf("the key stands for %q, made was %s", id, first.ID)
	}
	if err := st.Dashboards.Create(ctx, second); err == nil {
		t.Error("the key has made two")
	}
	if d, err := st.Dashboards.Get(t.Context(), second.ID); d != nil || err != nil {
		t.Errorf("there is %+v, %v", d, err)
	}
	_, err := st.Idempotency.Known(t.Context(), core.IdempotencyKey{UserID: key.UserID, Key: key.Key, Input: "another"})
	wantCode(t, err, core.CodeConflict)
	if id := known(core.IdempotencyKey{UserID: core.NewID(core.NounUser), Key: key.Key, Input: "i"}); id != "" {
		t.Errorf("somebody else's key stands for %s", id)
	}
	kept := core.IdempotencyKey{UserID: key.UserID, Key: "k", Input: "i"}
	for _, id := range []string{"", "snap_1", "snap_2"} {
		must(t, st.Idempotency.Keep(core.WithIdempotencyKey(t.Context(), kept), id))
	}
	must(t, st.Idempotency.Keep(context.Background(), "snap_3"))
	if id := known(kept); id != "snap_1" {
		t.Errorf("kept is %q", id)
	}
}

func board(ownerID string) *core.Dashboard {
	return &core.Dashboard{ID: core.NewID(core.NounDashboard), Name: "n", OwnerID: ownerID, CreatedAt: store.Now(), UpdatedAt: store.Now()}
}

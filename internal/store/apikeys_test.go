package store_test

import (
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

func (w *world) apiKey(t *testing.T, ownerID string) *core.APIKey {
	t.Helper()
	k := &core.APIKey{
		ID: core.NewID(core.NounAPIKey), Name: "レポート", OwnerID: ownerID, Hash: "abc", Scopes: []string{"Query.dashboards", "Query.me"},
		CreatedAt: store.Now(), ExpiresAt: store.Now().Add(time.Hour),
	}
	must(t, w.APIKeys.Create(t.Context(), k))
	return k
}

func apiKeysOpenAndEnd(t *testing.T, st *world) {
	u := st.user(t, "key@example.com")
	k := st.apiKey(t, u.ID)
	st.calls.Take()
	got, who, err := st.APIKeys.WithOwner(t.Context(), k.ID, u.ID)
	if err != nil || !reflect.DeepEqual(got, k) || who.ID != u.ID {
		t.Errorf("read %+v and %v, %v", got, who, err)
	}
	st.wantCalls(t, "BatchGet api_keys,users") // one call a request
	if got, who, err := st.APIKeys.WithOwner(t.Context(), core.NewID(core.NounAPIKey), core.NewID(core.NounUser)); got != nil || who != nil || err != nil {
		t.Errorf("nothing is %v, %v, %v", got, who, err)
	}
	hour := store.Now().Truncate(time.Hour)
	must(t, st.APIKeys.Used(t.Context(), k, hour))
	must(t, st.APIKeys.Used(t.Context(), k, hour.Add(time.Hour))) // read before the last change: too late
	at := store.Now()
	used, err := st.APIKeys.Revoke(t.Context(), k.ID, at)
	must(t, err)
	if !used.LastUsedAt.Equal(hour) || !used.RevokedAt.Equal(at) || used.Live(at) {
		t.Errorf("got %+v", used)
	}
	again, err := st.APIKeys.Revoke(t.Context(), k.ID, at.Add(time.Minute))
	if err != nil || !again.RevokedAt.Equal(at) {
		t.Errorf("got %+v, %v", again, err)
	}
	must(t, st.APIKeys.Used(t.Context(), used, hour.Add(time.Hour)))
	if got, err := st.APIKeys.Get(t.Context(), k.ID); err != nil || got.RevokedAt.IsZero() {
		t.Errorf("use has opened it again: %+v, %v", got, err)
	}
	none, err := st.APIKeys.Revoke(t.Context(), core.NewID(core.NounAPIKey), at)
	if none != nil || err != nil {
		t.Errorf("got %v, %v", none, err)
	}
}

func apiKeyListsRunNewestFirst(t *testing.T, st *world) {
	u, other := st.user(t, "a@example.com"), st.user(t, "b@example.com")
	var mine []string
	all := []string{st.apiKey(t, other.ID).ID}
	for range 5 {
		mine = append(mine, st.apiKey(t, u.ID).ID)
	}
	all = append(all, mine...)
	id := func(k *core.APIKey) string { return k.ID }
	wantIDs(t, "mine", walk(t, func(p core.PageArgs) (core.Page[*core.APIKey], error) {
		return st.APIKeys.ByOwner(t.Context(), u.ID, p)
	}, id), newestFirst(mine...))
	wantIDs(t, "all", walk(t, func(p core.PageArgs) (core.Page[*core.APIKey], error) { return st.APIKeys.All(t.Context(), p) }, id), newestFirst(all...))
	_, err := st.APIKeys.ByOwner(t.Context(), u.ID, core.PageArgs{First: 2, After: u.ID})
	wantCode(t, err, core.CodeValidation)
}

// A key that is ended stays so, however it is used at the same time.
func apiKeyUseRacesWithItsEnd(t *testing.T, st *world) {
	k := st.apiKey(t, st.user(t, "race@example.com").ID)
	var crowd sync.WaitGroup
	for i := range 10 {
		crowd.Go(func() {
			read, err := st.APIKeys.Get(t.Context(), k.ID)
			if err == nil {
				err = st.APIKeys.Used(t.Context(), read, store.Now().Add(time.Duration(i)*time.Hour))
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	_, err := st.APIKeys.Revoke(t.Context(), k.ID, store.Now())
	must(t, err)
	crowd.Wait()
	if got, err := st.APIKeys.Get(t.Context(), k.ID); err != nil || got.RevokedAt.IsZero() {
		t.Errorf("got %+v, %v", got, err)
	}
}

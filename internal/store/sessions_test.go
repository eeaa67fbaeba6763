package store_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

func (w *world) session(t *testing.T, userID string, life time.Duration) *core.Session {
	t.Helper()
	s := &core.Session{ID: core.NewID(core.NounSession), UserID: userID, IP: "127.0.0.1", Agent: "test", CreatedAt: store.Now(),
		ExpiresAt: time.Now().Add(life).UTC().Truncate(time.Second)}
	must(t, w.Sessions.Create(t.Context(), s))
	return s
}

func sessionsOpenEndAndExpire(t *testing.T, st *world) {
	u := st.user(t, "s@example.com")
	first, over, second := st.session(t, u.ID, time.Hour), st.session(t, u.ID, -time.Minute), st.session(t, u.ID, time.Hour)
	st.session(t, st.user(t, "other@example.com").ID, time.Hour)
	st.calls.Take()

	s, who, err := st.Sessions.WithUser(t.Context(), first.ID, u.ID)
	if err != nil || !reflect.DeepEqual(s, first) || who.ID != u.ID {
		t.Errorf("read %+v and %v, %v", s, who, err)
	}
	st.wantCalls(t, "BatchGet sessions,users") // one call a request
	if s, who, err := st.Sessions.WithUser(t.Context(), over.ID, u.ID); s != nil || who == nil || err != nil {
		t.Errorf("an expired session is %v, %v, %v", s, who, err)
	}
	at := store.Now()
	must(t, st.Sessions.Revoke(t.Context(), first.ID, at))
	must(t, st.Sessions.Revoke(t.Context(), first.ID, at.Add(time.Hour))) // ended once
	must(t, st.Sessions.Revoke(t.Context(), over.ID, at))
	must(t, st.Sessions.Revoke(t.Context(), core.NewID(core.NounSession), at))
	st.calls.Take()
	all, err := st.Sessions.ByUser(t.Context(), u.ID)
	must(t, err)
	st.wantCalls(t, "Query sessions/SessionsByUser")
	var ids []string
	for _, s := range all {
		ids = append(ids, s.ID)
		if want := s.ID == first.ID; want != s.RevokedAt.Equal(at) || want == s.Live(time.Now()) {
			t.Errorf("session %s was revoked at %v", s.ID, s.RevokedAt)
		}
	}
	wantIDs(t, "sessions", ids, newestFirst(first.ID, second.ID))
}

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
	s := &core.Session{ID: core.NewID(core.NounSession), UserID: userID, Era: 3, IP: "127.0.0.1", Agent: "test", CreatedAt: store.Now(),
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
	if one, err := st.Sessions.Get(t.Context(), first.ID); err != nil || !reflect.DeepEqual(one, first) {
		t.Errorf("read %+v, %v", one, err)
	}
	if none, err := st.Sessions.Get(t.Context(), core.NewID(core.NounSession)); none != nil || err != nil {
		t.Errorf("read %+v, %v", none, err)
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

// The era that ends a person's sessions is read with the person, in the call
// that reads the session: no index has to know of the session.
func sessionsEndWithTheirEra(t *testing.T, st *world) {
	u := st.user(t, "era@example.com")
	kept, over := st.session(t, u.ID, time.Hour), st.session(t, u.ID, time.Hour)
	for _, keep := range []string{kept.ID, ""} {
		before, err := st.Users.Get(t.Context(), u.ID)
		must(t, err)
		after, err := st.Users.Edit(t.Context(), u.ID, func(u *core.User) error { u.EndSessions(keep); return nil })
		must(t, err)
		if after.SessionEra != before.SessionEra+1 || after.KeptSession != keep {
			t.Errorf("era %d, kept %q", after.SessionEra, after.KeptSession)
		}
		for _, s := range []*core.Session{kept, over} {
			session, who, err := st.Sessions.WithUser(t.Context(), s.ID, u.ID)
			must(t, err)
			if got := who.Holds(session, store.Now()); got != (s.ID == keep) {
				t.Errorf("kept %q: session %s opens: %t", keep, s.ID, got)
			}
		}
	}
}

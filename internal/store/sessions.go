package store

import (
	"context"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

// Sessions is bi_sessions: SESSION#id / METADATA, and FLOW#id / METADATA for a
// sign-in at an issuer that has come back; gone after expires_at.
type Sessions struct{ e table.Engine }

func sessionKey(id string) table.Key {
	return table.Key{Table: table.Sessions, PK: "SESSION#" + id, SK: metadata}
}

func writeSession(s *core.Session) table.Item {
	it := table.Item{"session_id": s.ID, "user_id": s.UserID, "era": s.Era, "expires_at": s.ExpiresAt.Unix()}
	putStr(it, "ip", s.IP)
	putStr(it, "agent", s.Agent)
	putTime(it, "created_at", s.CreatedAt)
	putTime(it, "revoked_at", s.RevokedAt)
	return it
}

func readSession(it table.Item) *core.Session {
	return &core.Session{
		ID: it.Str("session_id"), UserID: it.Str("user_id"), Era: it.Int("era"), IP: it.Str("ip"), Agent: it.Str("agent"),
		CreatedAt: getTime(it, "created_at"), RevokedAt: getTime(it, "revoked_at"),
		ExpiresAt: time.Unix(it.Int("expires_at"), 0).UTC(),
	}
}

// Create writes a new session.
func (r *Sessions) Create(ctx context.Context, s *core.Session) error {
	return r.e.Write(ctx, table.Put(sessionKey(s.ID), writeSession(s), table.IfAbsent()))
}

// WithUser reads a session and its user in one call; either is nil when there is none.
func (r *Sessions) WithUser(ctx context.Context, sessionID, userID string) (*core.Session, *core.User, error) {
	sk, uk := sessionKey(sessionID), userKey(userID)
	items, err := r.e.BatchGet(ctx, []table.Key{sk, uk})
	if err != nil {
		return nil, nil, err
	}
	var s *core.Session
	var u *core.User
	if it := items[sk]; it != nil {
		s = readSession(it)
	}
	if it := items[uk]; it != nil {
		u = readUser(it)
	}
	return s, u, nil
}

// Get reads a session; nil when there is none.
func (r *Sessions) Get(ctx context.Context, id string) (*core.Session, error) {
	it, err := r.e.Get(ctx, sessionKey(id))
	if err != nil || it == nil {
		return nil, err
	}
	return readSession(it), nil
}

// ByUser lists a user's sessions, newest first, also those that were ended. It
// may not show yet what began a moment ago: to end all, raise the user's era.
func (r *Sessions) ByUser(ctx context.Context, userID string) ([]*core.Session, error) {
	return collectAs(ctx, r.e, table.Query{Table: table.Sessions, Index: table.SessionsByUser, PK: userID, Desc: true}, 0, readSession)
}

// Revoke ends a session at the given time. Ending an ended or unknown session changes nothing.
func (r *Sessions) Revoke(ctx context.Context, id string, at time.Time) error {
	s, err := r.Get(ctx, id)
	if err != nil || s == nil || !s.RevokedAt.IsZero() {
		return err
	}
	s.RevokedAt = at
	err = r.e.Write(ctx, table.Put(sessionKey(id), writeSession(s), table.IfExists()))
	if table.ConditionFailed(err) != nil {
		return nil
	}
	return err
}

// Spend makes a sign-in at an issuer count once: false where it was spent before. It
// is remembered until the given time.
func (r *Sessions) Spend(ctx context.Context, flow string, until time.Time) (first bool, err error) {
	k := table.Key{Table: table.Sessions, PK: "FLOW#" + digest(flow), SK: metadata}
	err = r.e.Write(ctx, table.Put(k, table.Item{"expires_at": until.Unix()}, table.IfAbsent()))
	if table.ConditionFailed(err) != nil {
		return false, nil
	}
	return err == nil, err
}

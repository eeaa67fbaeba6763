package core

import "time"

// APIKey lets an integration act for its owner, in the named root fields only.
type APIKey struct {
	ID         string
	Name       string
	OwnerID    string
	Hash       string   // SHA-256 of the secret, in hex; the secret itself is kept nowhere
	Scopes     []string // root fields it may ask for: "Query.dashboards"
	Version    int64
	CreatedAt  time.Time
	ExpiresAt  time.Time
	RevokedAt  time.Time
	LastUsedAt time.Time // to the hour
}

// Live tells whether the key still opens doors at the given time.
func (k *APIKey) Live(at time.Time) bool { return k.RevokedAt.IsZero() && at.Before(k.ExpiresAt) }

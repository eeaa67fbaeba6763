package store

import (
	"context"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

// APIKeys is bi_api_keys: KEY#id / METADATA.
type APIKeys struct{ e table.Engine }

const (
	apiKeysList = "KEY"
	apiKeyKept  = 90 * 24 * time.Hour // after it has expired, so that lists still tell of it
)

func apiKeyKey(id string) table.Key {
	return table.Key{Table: table.APIKeys, PK: "KEY#" + id, SK: metadata}
}

func apiKeyVersioned(id string) versioned[core.APIKey] {
	return versioned[core.APIKey]{
		key: apiKeyKey(id), read: readAPIKey, write: writeAPIKey,
		version: func(k *core.APIKey) *int64 { return &k.Version },
		touch:   func(*core.APIKey, time.Time) {},
	}
}

func writeAPIKey(k *core.APIKey) table.Item {
	it := table.Item{
		"key_id": k.ID, "name": k.Name, "owner_id": k.OwnerID, "hash": k.Hash, "version": k.Version,
		"list_key": apiKeysList, "ttl": k.ExpiresAt.Add(apiKeyKept).Unix(),
	}
	putStrings(it, "scopes", k.Scopes)
	putTime(it, "created_at", k.CreatedAt)
	putTime(it, "expires_at", k.ExpiresAt)
	putTime(it, "revoked_at", k.RevokedAt)
	putTime(it, "last_used_at", k.LastUsedAt)
	return it
}

func readAPIKey(it table.Item) *core.APIKey {
	return &core.APIKey{
		ID: it.Str("key_id"), Name: it.Str("name"), OwnerID: it.Str("owner_id"), Hash: it.Str("hash"),
		Scopes: it.Strings("scopes"), Version: it.Int("version"),
		CreatedAt: getTime(it, "created_at"), ExpiresAt: getTime(it, "expires_at"),
		RevokedAt: getTime(it, "revoked_at"), LastUsedAt: getTime(it, "last_used_at"),
	}
}

// Create writes a new key.
func (r *APIKeys) Create(ctx context.Context, k *core.APIKey) error {
	k.Version = 1
	ws := []table.Write{table.Put(apiKeyKey(k.ID), writeAPIKey(k), table.IfAbsent())}
	return apply(ctx, r.e, append(ws, onceWrites(ctx, k.ID)...))
}

// Get reads a key; nil when there is none.
func (r *APIKeys) Get(ctx context.Context, id string) (*core.APIKey, error) {
	it, err := r.e.Get(ctx, apiKeyKey(id))
	if err != nil || it == nil {
		return nil, err
	}
	return readAPIKey(it), nil
}

// WithOwner reads a key and a person in one call; either is nil when there is none.
func (r *APIKeys) WithOwner(ctx context.Context, id, ownerID string) (*core.APIKey, *core.User, error) {
	kk, uk := apiKeyKey(id), userKey(ownerID)
	items, err := r.e.BatchGet(ctx, []table.Key{kk, uk})
	if err != nil {
		return nil, nil, err
	}
	var k *core.APIKey
	var u *core.User
	if it := items[kk]; it != nil {
		k = readAPIKey(it)
	}
	if it := items[uk]; it != nil {
		u = readUser(it)
	}
	return k, u, nil
}

// Revoke ends a key at the given time; nil when there is none. A key that was
// ended before keeps its time.
func (r *APIKeys) Revoke(ctx context.Context, id string, at time.Time) (*core.APIKey, error) {
	return edit(ctx, r.e, apiKeyVersioned(id), 0, func(k *core.APIKey) ([]table.Write, error) {
		if k.RevokedAt.IsZero() {
			k.RevokedAt = at
		}
		return nil, nil
	})
}

// Used notes when the key, as it was read, was last used. Where it has been
// changed since nothing is noted.
func (r *APIKeys) Used(ctx context.Context, k *core.APIKey, at time.Time) error {
	used := *k
	used.LastUsedAt, used.Version = at, k.Version+1
	err := r.e.Write(ctx, table.Put(apiKeyKey(k.ID), writeAPIKey(&used), table.IfVersion(k.Version)))
	if table.ConditionFailed(err) != nil {
		return nil
	}
	return err
}

// ByOwner lists a person's keys, newest first; the cursor is the last id.
func (r *APIKeys) ByOwner(ctx context.Context, ownerID string, p core.PageArgs) (core.Page[*core.APIKey], error) {
	return r.page(ctx, table.Query{Table: table.APIKeys, Index: table.APIKeysByOwner, PK: ownerID}, p)
}

// All lists everybody's keys, newest first; the cursor is the last id.
func (r *APIKeys) All(ctx context.Context, p core.PageArgs) (core.Page[*core.APIKey], error) {
	return r.page(ctx, table.Query{Table: table.APIKeys, Index: table.APIKeysList, PK: apiKeysList}, p)
}

func (r *APIKeys) page(ctx context.Context, q table.Query, p core.PageArgs) (core.Page[*core.APIKey], error) {
	start, err := afterID("KEY#", metadata, p.After, core.NounAPIKey)
	if err != nil {
		return core.Page[*core.APIKey]{}, err
	}
	q.Start, q.Desc = start, true
	keys, err := collectAs(ctx, r.e, q, p.First+1, readAPIKey)
	if err != nil {
		return core.Page[*core.APIKey]{}, err
	}
	return pageOf(keys, p.First, func(k *core.APIKey) string { return k.ID }), nil
}

package app

import (
	"context"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/identity"
)

// KeyArgs name an API key, or whose it is and what it is to be.
type KeyArgs struct {
	ID        string
	Email     string // of the owner
	Name      string
	Scopes    []string
	ExpiresAt time.Time
}

// KeyRow is an API key as operators see it.
type KeyRow struct {
	ID         string
	Name       string
	OwnerID    string
	Email      string // of the owner
	Scopes     []string
	Live       bool
	ExpiresAt  time.Time
	LastUsedAt time.Time // zero for never
}

// IssuedKeyRow is a fresh key with its secret, which is told this once.
type IssuedKeyRow struct {
	Key    KeyRow
	Secret string
}

func keyRow(k *core.APIKey, email string) KeyRow {
	return KeyRow{
		ID: k.ID, Name: k.Name, OwnerID: k.OwnerID, Email: email, Scopes: k.Scopes,
		Live: k.Live(time.Now()), ExpiresAt: k.ExpiresAt, LastUsedAt: k.LastUsedAt,
	}
}

func (a *App) createKey(ctx context.Context, in KeyArgs) (IssuedKeyRow, error) {
	owner, err := a.Identity.UserByEmail(ctx, in.Email)
	if err != nil {
		return IssuedKeyRow{}, err
	}
	issued, err := a.Identity.CreateAPIKeyFor(ctx, owner.ID, identity.NewAPIKey{Name: in.Name, Scopes: in.Scopes, ExpiresAt: in.ExpiresAt})
	if err != nil {
		return IssuedKeyRow{}, err
	}
	return IssuedKeyRow{Key: keyRow(issued.Key, owner.Email), Secret: issued.Secret}, nil
}

func (a *App) listKeys(ctx context.Context, in KeyArgs) ([]KeyRow, error) {
	list := func(p core.PageArgs) (core.Page[*core.APIKey], error) { return a.Identity.APIKeys(ctx, true, p) }
	if in.Email != "" {
		owner, err := a.Identity.UserByEmail(ctx, in.Email)
		if err != nil {
			return nil, err
		}
		list = func(p core.PageArgs) (core.Page[*core.APIKey], error) { return a.Identity.APIKeysOf(ctx, owner.ID, p) }
	}
	addresses, err := a.addresses(ctx)
	if err != nil {
		return nil, err
	}
	rows := []KeyRow{}
	for p := (core.PageArgs{First: core.MaxPage}); ; {
		page, err := list(p)
		if err != nil {
			return nil, err
		}
		for _, k := range page.Nodes {
			rows = append(rows, keyRow(k, addresses[k.OwnerID]))
		}
		if !page.HasNext {
			return rows, nil
		}
		p.After = page.EndCursor()
	}
}

func (a *App) revokeKey(ctx context.Context, in KeyArgs) (KeyRow, error) {
	key, err := a.Identity.RevokeAPIKey(ctx, in.ID)
	if err != nil {
		return KeyRow{}, err
	}
	addresses, err := a.addresses(ctx)
	return keyRow(key, addresses[key.OwnerID]), err
}

// addresses are everybody's, by id.
func (a *App) addresses(ctx context.Context) (map[string]string, error) {
	rows, err := a.listUsers(ctx, struct{}{})
	found := make(map[string]string, len(rows))
	for _, u := range rows {
		found[u.ID] = u.Email
	}
	return found, err
}

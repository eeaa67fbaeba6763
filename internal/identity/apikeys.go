package identity

import (
	"context"
	"errors"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
)

// NewAPIKey is a key to be.
type NewAPIKey struct {
	core.Idempotent
	Name      string    // 1 to 100 characters
	Scopes    []string  // root fields as "Query.dashboards", operations as "operation:reports/*", 1 to 100
	ExpiresAt time.Time // at most a year from now
}

// IssuedKey is a fresh key with its secret, which is kept nowhere.
type IssuedKey struct {
	Key    *core.APIKey
	Secret string
}

// CreateAPIKey makes a key that acts for the actor. For people with a session:
// a key makes no keys.
func (s *Service) CreateAPIKey(ctx context.Context, in NewAPIKey) (*IssuedKey, error) {
	actor, err := s.gate.RequireSignedIn(ctx)
	if err != nil {
		return nil, err
	}
	if actor.User == nil || actor.Key != nil {
		return nil, core.Forbidden("")
	}
	return s.issue(ctx, actor.User.ID, in)
}

// APIKeyAgain refuses to issue a key of the actor's that was made before, whose secret
// is known to nobody but who was told: CONFLICT.secret_shown with the key's id.
func (s *Service) APIKeyAgain(ctx context.Context, id string) (*IssuedKey, error) {
	if _, err := s.APIKey(ctx, id); err != nil {
		return nil, err
	}
	return nil, &core.Error{Code: core.CodeConflict, Reason: "secret_shown", Field: "input.idempotencyKey", Details: map[string]any{"apiKeyId": id}}
}

// CreateAPIKeyFor makes a key that acts for somebody else. For the operator.
func (s *Service) CreateAPIKeyFor(ctx context.Context, ownerID string, in NewAPIKey) (*IssuedKey, error) {
	if err := s.requireOperator(ctx); err != nil {
		return nil, err
	}
	owner, err := s.existing(ctx, "input.userId", ownerID)
	if err != nil {
		return nil, err
	}
	if !owner.Active() {
		return nil, core.Invalid("input.userId", "inactive")
	}
	return s.issue(ctx, owner.ID, in)
}

// requireOperator lets in who works on the server's own machine; no
// administrator has somebody else's credentials made.
func (s *Service) requireOperator(ctx context.Context) error {
	actor, err := s.gate.RequireAdmin(ctx)
	if err == nil && actor.System == "" {
		return core.Forbidden("")
	}
	return err
}

func (s *Service) issue(ctx context.Context, ownerID string, in NewAPIKey) (*IssuedKey, error) {
	key, err := s.newAPIKey(in)
	if err != nil {
		return nil, err
	}
	if err := s.roomForKey(ctx, ownerID); err != nil {
		return nil, err
	}
	if err := s.audit.Ready(); err != nil {
		return nil, err
	}
	key.OwnerID = ownerID
	token, hash := newAPIKeyToken(key.ID, key.OwnerID)
	key.Hash = hash
	if err := s.store.APIKeys.Create(ctx, key); err != nil {
		return nil, core.Known("identity: create key", err)
	}
	err = s.recordStrict(ctx, core.EventKeyCreated, "key", key.ID, "name", key.Name, "owner", key.OwnerID)
	return &IssuedKey{Key: shownKey(key), Secret: token}, err
}

func (s *Service) roomForKey(ctx context.Context, ownerID string) error {
	live := 0
	err := s.eachLiveKey(ctx, ownerID, func(*core.APIKey) error { live++; return nil })
	if err == nil && live >= apiKeysMax {
		return core.Invalid("input", "too_many_keys", "max", apiKeysMax)
	}
	return err
}

// eachLiveKey calls the function with each key of a person that still opens
// doors, newest first.
func (s *Service) eachLiveKey(ctx context.Context, ownerID string, do func(*core.APIKey) error) error {
	for p := (core.PageArgs{First: core.MaxPage}); ; {
		page, err := s.store.APIKeys.ByOwner(ctx, ownerID, p)
		if err != nil {
			return core.Known("identity: keys", err)
		}
		for _, k := range page.Nodes {
			if !k.Live(s.now()) {
				continue
			}
			if err := do(k); err != nil {
				return err
			}
		}
		if !page.HasNext {
			return nil
		}
		p.After = page.EndCursor()
	}
}

// APIKeys lists the actor's keys, newest first, or everybody's, which is for administrators.
func (s *Service) APIKeys(ctx context.Context, all bool, p core.PageArgs) (core.Page[*core.APIKey], error) {
	var page core.Page[*core.APIKey]
	actor, err := s.gate.RequireSignedIn(ctx)
	if err != nil {
		return page, err
	}
	if all {
		if _, err := s.gate.RequireAdmin(ctx); err != nil {
			return page, err
		}
		page, err = s.store.APIKeys.All(ctx, p)
	} else {
		page, err = s.store.APIKeys.ByOwner(ctx, actor.UserID(), p)
	}
	if err != nil {
		return page, core.Known("identity: keys", err)
	}
	for i, k := range page.Nodes {
		page.Nodes[i] = shownKey(k)
	}
	return page, nil
}

// APIKeysOf lists somebody's keys, newest first. For administrators.
func (s *Service) APIKeysOf(ctx context.Context, ownerID string, p core.PageArgs) (core.Page[*core.APIKey], error) {
	if _, err := s.gate.RequireAdmin(ctx); err != nil {
		return core.Page[*core.APIKey]{}, err
	}
	page, err := s.store.APIKeys.ByOwner(ctx, ownerID, p)
	if err != nil {
		return page, core.Known("identity: keys", err)
	}
	for i, k := range page.Nodes {
		page.Nodes[i] = shownKey(k)
	}
	return page, nil
}

// APIKey is one key; NOT_FOUND for everybody but its owner and administrators.
func (s *Service) APIKey(ctx context.Context, id string) (*core.APIKey, error) {
	key, err := s.ownKey(ctx, "id", id, "VIEW")
	return shownKey(key), err
}

func (s *Service) ownKey(ctx context.Context, field, id, want string) (*core.APIKey, error) {
	actor, err := s.gate.RequireSignedIn(ctx)
	if err != nil {
		return nil, err
	}
	if err := core.CheckID(field, id, core.NounAPIKey); err != nil {
		return nil, err
	}
	key, err := s.store.APIKeys.Get(ctx, id)
	if key != nil && key.OwnerID != actor.UserID() && !actor.IsAdmin() {
		s.audit.Denied(ctx, "key", id, want)
		key = nil
	}
	return found(key, err, field)
}

// RevokeAPIKey ends a key at once. For its owner and administrators; others'
// keys are NOT_FOUND.
func (s *Service) RevokeAPIKey(ctx context.Context, id string) (*core.APIKey, error) {
	key, err := s.ownKey(ctx, "input.id", id, "MANAGE")
	if err != nil {
		return nil, err
	}
	if !key.RevokedAt.IsZero() {
		return shownKey(key), nil
	}
	if err := s.audit.Ready(); err != nil {
		return nil, err
	}
	key, err = s.revoke(ctx, id)
	return shownKey(key), err
}

func (s *Service) revoke(ctx context.Context, id string) (*core.APIKey, error) {
	revoked, err := s.store.APIKeys.Revoke(ctx, id, s.now())
	key, err := found(revoked, err, "input.id")
	if err != nil {
		return nil, err
	}
	return key, s.recordStrict(ctx, core.EventKeyRevoked, "key", id, "name", key.Name, "owner", key.OwnerID)
}

// revokeKeys ends all keys of a person at once. Where it stops midway the rest end
// when it is asked for again.
func (s *Service) revokeKeys(ctx context.Context, ownerID string) error {
	if err := s.audit.Ready(); err != nil {
		return err
	}
	return s.eachLiveKey(ctx, ownerID, func(k *core.APIKey) error {
		_, err := s.revoke(ctx, k.ID)
		return err
	})
}

// AuthenticateKey tells for whom a key acts, with one call to the store and the
// same work for any key. INVALID_TOKEN for a key that is none or was revoked,
// TOKEN_EXPIRED for one that was good once, UNAUTHORIZED where its owner's
// account is locked.
func (s *Service) AuthenticateKey(ctx context.Context, token string) (*core.User, *core.APIKey, error) {
	said, ok := parseAPIKey(token)
	if !ok {
		return nil, nil, invalidToken("", errors.New("malformed key"))
	}
	key, owner, err := s.store.APIKeys.WithOwner(ctx, said.keyID, said.ownerID)
	if err != nil {
		return nil, nil, core.Internal("identity: authenticate key", err)
	}
	if !said.opens(key) {
		key = nil
	}
	if err := s.good(owner, key); err != nil {
		return nil, nil, err
	}
	if hour := s.now().Truncate(time.Hour); key.LastUsedAt.Before(hour) {
		_ = s.store.APIKeys.Used(ctx, key, hour) // the next request notes it then
	}
	return shown(owner), shownKey(key), nil
}

// good tells why a key does not let its owner in, nil where it does.
func (s *Service) good(owner *core.User, key *core.APIKey) error {
	switch {
	case key == nil || owner == nil || key.OwnerID != owner.ID:
		return invalidToken("", errors.New("no such key of this user"))
	case !key.RevokedAt.IsZero():
		return invalidToken("", errors.New("key was revoked"))
	case !key.Live(s.now()):
		return &core.Error{Code: core.CodeTokenExpired}
	case !owner.Active():
		return &core.Error{Code: core.CodeUnauthorized, Cause: errors.New("account is deactivated")}
	}
	return nil
}

// shownKey is a key without the hash.
func shownKey(k *core.APIKey) *core.APIKey {
	if k == nil {
		return nil
	}
	v := *k
	v.Hash = ""
	return &v
}

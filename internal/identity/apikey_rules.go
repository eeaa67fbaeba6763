package identity

import (
	"fmt"
	"slices"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
)

const (
	apiKeysMax    = 20 // live ones of a person
	apiKeyNameMax = 100
	apiKeyDaysMax = 366
	scopesMax     = 100
)

// notForKeys are the root fields that no key may name: what gives or takes a
// way in, or a right, must stay with people.
var notForKeys = []string{
	"Mutation.login", "Mutation.logout", "Mutation.changePassword", "Mutation.resetPassword", "Mutation.createUser", "Mutation.setUserRole",
	"Mutation.setPiiAccess", "Mutation.revokeSessions", "Mutation.createApiKey", "Mutation.revokeApiKey",
	"Query.mySessions", "Query.apiKeys", "Query.viewAs",
}

func (s *Service) newAPIKey(in NewAPIKey) (*core.APIKey, error) {
	name, err := core.CheckLine("input.name", in.Name, apiKeyNameMax)
	if err != nil {
		return nil, err
	}
	scopes, err := s.checkScopes(in.Scopes)
	if err != nil {
		return nil, err
	}
	now, until := s.now(), in.ExpiresAt.UTC().Truncate(time.Millisecond)
	switch {
	case !until.After(now):
		return nil, core.Invalid("input.expiresAt", "in_past")
	case until.After(now.AddDate(0, 0, apiKeyDaysMax)):
		return nil, core.Invalid("input.expiresAt", "too_far", "max", apiKeyDaysMax)
	}
	return &core.APIKey{ID: core.NewID(core.NounAPIKey), Name: name, Scopes: scopes, CreatedAt: now, ExpiresAt: until}, nil
}

// checkScopes sorts the root fields, each once.
func (s *Service) checkScopes(scopes []string) ([]string, error) {
	switch {
	case len(scopes) == 0:
		return nil, core.Invalid("input.scopes", "required")
	case len(scopes) > scopesMax:
		return nil, core.Invalid("input.scopes", "too_many", "max", scopesMax)
	}
	for i, scope := range scopes {
		if !s.rootFields[scope] || slices.Contains(notForKeys, scope) {
			return nil, core.Invalid(fmt.Sprintf("input.scopes.%d", i), "bad_scope")
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(scopes))), nil
}

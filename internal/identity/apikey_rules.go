package identity

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
)

const (
	apiKeysMax    = 20 // live ones of a person
	apiKeyNameMax = 100
	apiKeyDaysMax = 366
	scopesMax     = 100
)

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
	if err := core.CheckUntil("input.expiresAt", until, now, apiKeyDaysMax); err != nil {
		return nil, err
	}
	return &core.APIKey{ID: core.NewID(core.NounAPIKey), Name: name, Scopes: scopes, CreatedAt: now, ExpiresAt: until}, nil
}

// checkScopes sorts the scopes, each once.
func (s *Service) checkScopes(scopes []string) ([]string, error) {
	switch {
	case len(scopes) == 0:
		return nil, core.Invalid("input.scopes", "required")
	case len(scopes) > scopesMax:
		return nil, core.Invalid("input.scopes", "too_many", "max", scopesMax)
	}
	for i, scope := range scopes {
		if !s.isScope(scope) {
			return nil, core.Invalid(fmt.Sprintf("input.scopes.%d", i), "bad_scope")
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(scopes))), nil
}

// isScope tells whether a key may name it: a root field that is not for people
// alone, or registered operations, which need not be there yet.
func (s *Service) isScope(scope string) bool {
	if id, ok := strings.CutPrefix(scope, core.OperationScope); ok {
		id = strings.TrimSuffix(id, "*")
		return id == "" && strings.HasSuffix(scope, "*") || core.CheckOperationID("", id) == nil
	}
	return s.rootFields[scope] && !core.PeopleOnly(scope)
}

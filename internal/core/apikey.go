package core

import (
	"slices"
	"strings"
	"time"
)

// OperationScope begins a scope that names registered operations: one by its
// id, or all whose ids begin with what stands before a last "*".
const OperationScope = "operation:"

// peopleOnly are the root fields that no key opens, and no registered operation
// opens to a key: what gives or takes a way in, or a right, must stay with people.
var peopleOnly = []string{
	"Mutation.login", "Mutation.logout", "Mutation.changePassword", "Mutation.resetPassword", "Mutation.createUser", "Mutation.setUserRole",
	"Mutation.setPiiAccess", "Mutation.revokeSessions", "Mutation.createApiKey", "Mutation.revokeApiKey",
	"Mutation.registerOperation", "Mutation.retireOperation",
	"Query.mySessions", "Query.apiKeys", "Query.viewAs",
}

// PeopleOnly tells whether a root field is for people with a session alone.
func PeopleOnly(rootField string) bool { return slices.Contains(peopleOnly, rootField) }

// APIKey lets an integration act for its owner, in the named root fields and
// registered operations only.
type APIKey struct {
	ID         string
	Name       string
	OwnerID    string
	Hash       string   // SHA-256 of the secret, in hex; the secret itself is kept nowhere
	Scopes     []string // what it may ask for: root fields ("Query.dashboards") and registered operations ("operation:reports/*")
	Version    int64
	CreatedAt  time.Time
	ExpiresAt  time.Time
	RevokedAt  time.Time
	LastUsedAt time.Time // to the hour
}

// Live tells whether the key still opens doors at the given time.
func (k *APIKey) Live(at time.Time) bool { return k.RevokedAt.IsZero() && at.Before(k.ExpiresAt) }

// Opens tells whether the key may ask for the root field: because it names it,
// or because it names the registered operation of which the field is a part
// ("" for a document that is none).
func (k *APIKey) Opens(rootField, operationID string) bool {
	return !PeopleOnly(rootField) && (slices.Contains(k.Scopes, rootField) || k.names(operationID))
}

func (k *APIKey) names(operationID string) bool {
	return operationID != "" && slices.ContainsFunc(k.Scopes, func(scope string) bool {
		id, ok := strings.CutPrefix(scope, OperationScope)
		if begin, many := strings.CutSuffix(id, "*"); ok && many {
			return strings.HasPrefix(operationID, begin)
		}
		return ok && id == operationID
	})
}

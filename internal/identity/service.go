package identity

import (
	"context"
	"time"

	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/audit"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// Deps is what the service is made of.
type Deps struct {
	Store       *store.Store
	Audit       *audit.Log
	Gate        *access.Gate
	Keys        Keys
	Lifetime    time.Duration    // of a sign-in
	PasswordMin int              // fewest characters of a password
	Workers     int              // password checks at the same time
	RootFields  []string         // that the schema has, for the scopes of API keys: "Query.dashboards"
	Unlimited   bool             // any number of failed tries to get in, see [Service.Login]
	Admission   Admission        // whom an issuer may sign in
	Clock       func() time.Time // nil is the present
}

// Service is identity's verbs. It may be used by any number of goroutines.
type Service struct {
	store      *store.Store
	audit      *audit.Log
	gate       *access.Gate
	keys       Keys
	lifetime   time.Duration
	passwords  *passwords
	unlimited  bool
	admission  Admission
	rootFields map[string]bool
	now        func() time.Time
}

// New makes the service.
func New(d Deps) *Service {
	if d.Clock == nil {
		d.Clock = store.Now
	}
	known := make(map[string]bool, len(d.RootFields))
	for _, f := range d.RootFields {
		known[f] = true
	}
	return &Service{
		store: d.Store, audit: d.Audit, gate: d.Gate, keys: d.Keys, lifetime: d.Lifetime,
		passwords: newPasswords(d.PasswordMin, d.Workers), unlimited: d.Unlimited, admission: d.Admission, rootFields: known, now: d.Clock,
	}
}

// KeyID is the fingerprint of the key that signs tokens: servers that share
// sign-ins must show the same.
func (s *Service) KeyID() string { return s.keys.Current.id() }

func (s *Service) record(ctx context.Context, t core.EventType, targetType, targetID string, details ...string) {
	s.audit.Record(ctx, event(t, targetType, targetID, details))
}

// recordStrict is for changes of rights, which fail when they cannot be recorded.
func (s *Service) recordStrict(ctx context.Context, t core.EventType, targetType, targetID string, details ...string) error {
	return s.audit.RecordStrict(ctx, event(t, targetType, targetID, details))
}

func event(t core.EventType, targetType, targetID string, details []string) core.AuditEvent {
	ev := core.AuditEvent{Type: t, TargetType: targetType, TargetID: targetID}
	if len(details) > 0 {
		ev.Details = make(map[string]string, len(details)/2)
	}
	for i := 0; i+1 < len(details); i += 2 {
		ev.Details[details[i]] = details[i+1]
	}
	return ev
}

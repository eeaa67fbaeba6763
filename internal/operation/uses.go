package operation

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"unicode"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
	"github.com/karuta-bi/karuta/internal/telemetry"
)

const (
	clientsMax      = 50  // of an operation, that are told apart by a process
	unregisteredMax = 500 // documents that a process names
	clientWord      = 64  // characters of a client's name and release
)

// others is who asks when there are too many to be told apart.
const others = "(others)"

// Client is what asks, as it calls itself.
type Client struct{ Name, Release string }

// use is who asked for what.
type use struct {
	operation string
	client    Client
}

// uses counts in memory what is written now and then.
type uses struct {
	asked, unknown *telemetry.Counter

	mu      sync.Mutex
	counts  map[use]*core.OperationUse
	clients map[string]map[Client]bool // of each operation, since the start
	named   map[string]bool            // hashes of documents that were named in the log
}

func newUses(m *telemetry.Metrics) *uses {
	return &uses{
		asked:   m.Counter("bi_operations_registered_total", "Requests for registered operations."),
		unknown: m.Counter("bi_operations_unregistered_total", "Requests with a document that is not registered."),
		counts:  map[use]*core.OperationUse{}, clients: map[string]map[Client]bool{}, named: map[string]bool{},
	}
}

// Used counts that the client has asked for the operation.
func (s *Service) Used(r *Registered, by Client) {
	u := s.uses
	u.asked.Add(1)
	u.mu.Lock()
	defer u.mu.Unlock()
	key, now := use{r.ID, u.client(r.ID, by)}, store.Now()
	if u.counts[key] == nil {
		u.counts[key] = &core.OperationUse{OperationID: r.ID, Client: key.client.Name, Release: key.client.Release, FirstAt: now}
	}
	u.counts[key].Count++
	u.counts[key].LastAt = now
}

// client is who is counted: of each operation so many are told apart.
func (u *uses) client(operationID string, by Client) Client {
	by = Client{word(by.Name), word(by.Release)}
	known := u.clients[operationID]
	switch {
	case known[by]:
	case len(known) >= clientsMax:
		return Client{Name: others}
	case known == nil:
		u.clients[operationID] = map[Client]bool{by: true}
	default:
		known[by] = true
	}
	return by
}

// word is what is kept of what a client says of itself.
func word(said string) string {
	kept := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar || r == '#' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(said, ""))
	if letters := []rune(kept); len(letters) > clientWord {
		return string(letters[:clientWord])
	}
	return kept
}

// Unregistered counts that a client has sent a document which nobody has
// registered, and names it in the log the first time.
func (s *Service) Unregistered(ctx context.Context, hash, name string, by Client) {
	u := s.uses
	u.unknown.Add(1)
	u.mu.Lock()
	first := !u.named[hash] && len(u.named) < unregisteredMax
	if first {
		u.named[hash] = true
	}
	u.mu.Unlock()
	if first {
		s.log.InfoContext(ctx, "operation is not registered", slog.String("name", name), slog.String("hash", hash), slog.String("client", word(by.Name)), slog.String("release", word(by.Release)))
	}
}

// WriteUses writes what was counted since the last time. What cannot be written
// is counted on.
func (s *Service) WriteUses(ctx context.Context) {
	s.uses.mu.Lock()
	counted := s.uses.counts
	s.uses.counts = map[use]*core.OperationUse{}
	s.uses.mu.Unlock()
	for key, u := range counted {
		if err := s.store.Operations.AddUse(ctx, *u); err != nil {
			s.log.WarnContext(ctx, "how often operations are used could not be written", "cause", err)
			s.uses.back(key, u)
		}
	}
}

// back counts on what could not be written.
func (u *uses) back(key use, was *core.OperationUse) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if since := u.counts[key]; since != nil {
		was.Count += since.Count
		was.LastAt = since.LastAt
	}
	u.counts[key] = was
}

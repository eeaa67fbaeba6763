package operation

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/audit"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
	"github.com/karuta-bi/karuta/internal/telemetry"
)

// How often is looked for what other processes have changed, and how often uses
// are written.
const (
	lookEvery  = 5 * time.Second
	writeEvery = time.Minute
)

// Facts are what the schema knows of a document.
type Facts struct {
	Name   string // of its one operation
	Type   string // query, mutation or subscription
	Caveat error  // why not everybody could ever run it; nil where everybody could
}

// Deps is what the service is made of.
type Deps struct {
	Store   *store.Store
	Gate    *access.Gate
	Audit   *audit.Log
	Log     *slog.Logger
	Metrics *telemetry.Metrics
	// Check tells what a document is; an error says why it cannot be registered, as a
	// *core.Error or in the words of GraphQL.
	Check func(document string) (Facts, error)
}

// Service is the verbs of registered operations. It may be used by any number of goroutines.
type Service struct {
	store *store.Store
	gate  *access.Gate
	audit *audit.Log
	log   *slog.Logger
	check func(string) (Facts, error)
	uses  *uses
	held  atomic.Pointer[held]

	loading  sync.Mutex
	verdicts map[string]verdict // by hash, of the documents that are held
}

type verdict struct {
	document string
	problem  error // nil where the document can be run
}

// New makes the service, which knows no operation before [Service.Load].
func New(d Deps) *Service {
	s := &Service{store: d.Store, gate: d.Gate, audit: d.Audit, log: d.Log, check: d.Check, uses: newUses(d.Metrics), verdicts: map[string]verdict{}}
	s.held.Store(&held{})
	return s
}

// Registered is a document that may be asked for.
type Registered struct {
	ID       string
	Version  int64
	Name     string
	Class    core.RateClass
	Document string
}

// Broken is an operation whose document nobody can run any more: it does not fit the
// schema, or is beyond a limit.
type Broken struct {
	ID      string
	Version int64
	Problem error // see [Said]
	Present bool  // it is the version that the id stands for
}

// held is the registry as requests see it; it never changes.
type held struct {
	revision int64
	byID     map[string]*Registered
	byHash   map[string]*Registered
	broken   []Broken
}

// ByID is the operation of an id, or of a hash that is written "sha256:…"; nil
// where there is none or it was retired.
func (s *Service) ByID(id string) *Registered {
	if hash, ok := strings.CutPrefix(id, "sha256:"); ok {
		return s.ByHash(hash)
	}
	return s.held.Load().byID[id]
}

// ByHash is the version of an operation with that document, nil where there is none.
func (s *Service) ByHash(hash string) *Registered { return s.held.Load().byHash[hash] }

// Documents are the documents that are asked by id, in the order of ids.
func (s *Service) Documents() []string {
	now := s.held.Load()
	ids := make([]string, 0, len(now.byID))
	for id := range now.byID {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for i, id := range ids {
		ids[i] = now.byID[id].Document
	}
	return ids
}

// Broken are the operations that nobody can run any more, as they were loaded, by id
// and version.
func (s *Service) Broken() []Broken { return s.held.Load().broken }

// Problems are why nobody can run the present versions of the broken operations, by id.
func (s *Service) Problems() map[string]error {
	all := map[string]error{}
	for _, b := range s.Broken() {
		if b.Present {
			all[b.ID] = b.Problem
		}
	}
	return all
}

// Load reads the registry, and all documents that are not in memory yet.
func (s *Service) Load(ctx context.Context) error {
	s.loading.Lock()
	defer s.loading.Unlock()
	registry, err := s.store.Operations.Registry(ctx)
	if err != nil {
		return core.Known("operation: registry", err)
	}
	if err := s.judge(ctx, registry); err != nil {
		return err
	}
	s.held.Store(s.holding(registry))
	return nil
}

// judge brings the verdicts up to the registry.
func (s *Service) judge(ctx context.Context, registry *core.Registry) error {
	var fresh []string
	live := map[string]bool{}
	for _, op := range registry.Operations {
		for _, v := range alive(op) {
			if live[v.Hash] = true; s.verdicts[v.Hash].document == "" {
				fresh = append(fresh, v.Hash)
			}
		}
	}
	texts, err := s.store.Operations.Documents(ctx, fresh)
	if err != nil {
		return core.Known("operation: documents", err)
	}
	for hash, text := range texts {
		said := verdict{document: text}
		if _, err := s.check(text); err != nil {
			said.problem = unfit("", err)
		}
		s.verdicts[hash] = said
	}
	for hash := range s.verdicts {
		if !live[hash] {
			delete(s.verdicts, hash)
		}
	}
	return nil
}

// alive are the versions that may be asked for.
func alive(op *core.Operation) []core.OperationVersion {
	if op.Retired() {
		return nil
	}
	return op.Versions()
}

func (s *Service) holding(registry *core.Registry) *held {
	now := &held{revision: registry.Revision, byID: map[string]*Registered{}, byHash: map[string]*Registered{}}
	for id, op := range registry.Operations {
		for _, v := range alive(op) {
			said, there := s.verdicts[v.Hash]
			if !there {
				said.problem = errors.New("the document is lost")
			}
			if said.problem != nil {
				now.broken = append(now.broken, Broken{ID: id, Version: v.Version, Problem: said.problem, Present: v.Version == op.Version})
			}
			r := &Registered{ID: id, Version: v.Version, Name: op.Name, Class: op.Class, Document: said.document}
			now.byHash[v.Hash] = r
			if v.Version == op.Version {
				now.byID[id] = r
			}
		}
	}
	slices.SortFunc(now.broken, func(a, b Broken) int {
		return strings.Compare(a.ID, b.ID)*2 + int(min(max(a.Version-b.Version, -1), 1))
	})
	return now
}

// Run follows what other processes change and writes the uses, until the context ends.
func (s *Service) Run(ctx context.Context) {
	look, write := time.NewTicker(lookEvery), time.NewTicker(writeEvery)
	defer look.Stop()
	defer write.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
			if err := s.follow(ctx); err != nil {
				s.log.WarnContext(ctx, "registered operations could not be read", "cause", err)
			}
		case <-write.C:
			s.WriteUses(ctx)
		}
	}
}

// follow reads the registry anew where it has changed.
func (s *Service) follow(ctx context.Context) error {
	revision, err := s.store.Operations.Revision(ctx)
	if err != nil || revision == s.held.Load().revision {
		return err
	}
	return s.Load(ctx)
}

// Close writes what was counted since the last time.
func (s *Service) Close(ctx context.Context) error {
	s.WriteUses(ctx)
	return nil
}

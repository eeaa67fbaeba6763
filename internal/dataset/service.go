package dataset

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/audit"
	"github.com/karuta-bi/karuta/internal/blob"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// Deps is what the service works with.
type Deps struct {
	Store    *store.Store
	Gate     *access.Gate
	Audit    *audit.Log
	Blobs    blob.Store
	Objects  Objects // what can be imported from S3; nil where no bucket is allowed
	Executor *client.Client
	Log      *slog.Logger
	Told     func(context.Context, *core.ImportJob, core.ImportEvent) // gets each event of an import once it is written, and must not wait; may be nil
}

// Config says how the service works.
type Config struct {
	MaxUpload    int64         // largest file in bytes
	Imports      int           // imports that run at the same time; 0 is 2
	Shared       bool          // other processes import into the same store
	Buckets      []string      // that may be imported from
	KeepVersions int           // newest versions of a dataset that are always kept, at least one
	KeepFor      time.Duration // how long every version is kept
	PlanKeys     []string      // secrets under which plans are confirmed; the first signs
	Patience     time.Duration // how long an answer waits for an import; 0 is 50 seconds, an operation has 60

	Now  func() time.Time                     // the clock of deletions; nil is [store.Now]
	Wait func(time.Duration) <-chan time.Time // for a sign of life; nil is [time.After]
}

// Service does what can be done with datasets. Every method checks the actor
// of its context. It owns the imports it starts: end it with Close.
type Service struct {
	Deps
	cfg   Config
	slots chan struct{} // one for each import that may run

	life    context.Context // of the imports
	stop    context.CancelFunc
	mu      sync.Mutex
	open    int  // imports that run or wait
	hits    hits // of files that were missed
	closed  bool
	summing map[string]bool // keys of summaries that are being made
	wg      sync.WaitGroup
}

// New makes a service.
func New(d Deps, cfg Config) *Service {
	cfg.Imports = cmp.Or(cfg.Imports, 2)
	cfg.Patience = cmp.Or(cfg.Patience, 50*time.Second)
	if cfg.Now == nil {
		cfg.Now = store.Now
	}
	if cfg.Wait == nil {
		cfg.Wait = time.After
	}
	life, stop := context.WithCancel(context.Background())
	return &Service{Deps: d, cfg: cfg, slots: make(chan struct{}, cfg.Imports), life: life, stop: stop, summing: map[string]bool{}, hits: hits{at: map[string][]time.Time{}}}
}

// Dataset is one dataset that the actor may read: as owner, as admin or
// through a dashboard. NOT_FOUND otherwise.
func (s *Service) Dataset(ctx context.Context, id string) (*core.Dataset, error) {
	return s.Gate.RequireDataset(ctx, "id", id, access.View)
}

// Datasets lists the actor's own datasets, newest first; with all set an admin
// lists everybody's, by name.
func (s *Service) Datasets(ctx context.Context, all bool, page core.PageArgs) (core.Page[*core.Dataset], error) {
	if all {
		if _, err := s.Gate.RequireAdmin(ctx); err != nil {
			return core.Page[*core.Dataset]{}, err
		}
		return s.Store.Datasets.List(ctx, page)
	}
	actor, err := s.Gate.RequireSignedIn(ctx)
	if err != nil {
		return core.Page[*core.Dataset]{}, err
	}
	return s.Store.Datasets.ByOwner(ctx, actor.UserID(), page)
}

// Versions lists a dataset's versions, newest first; for its owner and admins.
func (s *Service) Versions(ctx context.Context, id string, page core.PageArgs) (core.Page[*core.DatasetVersion], error) {
	if _, err := s.Gate.RequireDataset(ctx, "id", id, access.Manage); err != nil {
		return core.Page[*core.DatasetVersion]{}, err
	}
	all, err := s.Store.Datasets.Versions(ctx, id)
	if err != nil {
		return core.Page[*core.DatasetVersion]{}, core.Internal("read dataset versions", err)
	}
	return versionPage(all, page)
}

// Change is an edit of a dataset's texts and classes. Nil leaves a text as it is.
type Change struct {
	ID          string
	Version     int64 // as last read
	Name        *string
	Description *string
	Columns     []ColumnChange
}

// ColumnChange describes or classes one column anew. Nil leaves a part as it is.
type ColumnChange struct {
	Name        string
	Description *string
	Class       *core.PIIClass
}

// classes tells whether the change classes a column anew.
func (c Change) classes() bool {
	return slices.ContainsFunc(c.Columns, func(col ColumnChange) bool { return col.Class != nil })
}

// right is what a change needs: classes alone are administrators' business, too.
func (c Change) right() access.Right {
	describes := slices.ContainsFunc(c.Columns, func(col ColumnChange) bool { return col.Description != nil })
	if c.classes() && c.Name == nil && c.Description == nil && !describes {
		return access.Manage
	}
	return access.Edit
}

// Update changes a dataset's texts and the classes of its columns; for its
// owner, and classes for admins, who alone may open a column that was found to be
// confidential (FORBIDDEN.confidential_class). CONFLICT when it was changed since.
func (s *Service) Update(ctx context.Context, c Change) (*core.Dataset, error) {
	if _, err := s.Gate.RequireDataset(ctx, "input.id", c.ID, c.right()); err != nil {
		return nil, err
	}
	if err := checkChange(&c); err != nil {
		return nil, err
	}
	if c.classes() {
		if err := s.Audit.Ready(); err != nil {
			return nil, err
		}
	}
	admin := core.ActorFrom(ctx).IsAdmin()
	d, err := s.Store.Datasets.Edit(ctx, c.ID, c.Version, func(d *core.Dataset) error { return apply(d, c, admin) })
	if core.CodeOf(err) == core.CodeForbidden {
		s.Audit.Denied(ctx, "dataset", c.ID, string(access.Edit))
	}
	if err != nil {
		return nil, err
	}
	if d == nil {
		return nil, core.NotFound("input.id")
	}
	if c.classes() {
		return d, s.Audit.RecordStrict(ctx, event(core.EventDatasetUpdated, d.ID, classDetails(c)))
	}
	s.note(ctx, core.EventDatasetUpdated, d.ID, nil)
	return d, nil
}

func (s *Service) note(ctx context.Context, t core.EventType, id string, details map[string]string) {
	s.Audit.Record(ctx, event(t, id, details))
}

func event(t core.EventType, id string, details map[string]string) core.AuditEvent {
	return core.AuditEvent{Type: t, TargetType: "dataset", TargetID: id, Details: details}
}

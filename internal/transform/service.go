package transform

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/audit"
	"github.com/karuta-bi/karuta/internal/blob"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/drain"
	"github.com/karuta-bi/karuta/internal/store"
)

// Deps is what the service works with.
type Deps struct {
	Store    *store.Store
	Gate     *access.Gate
	Audit    *audit.Log
	Blobs    blob.Store
	Executor *client.Client
	Log      *slog.Logger
	Tell     core.Tell // gets what runs tell while they go on; may be nil
}

// Config says how the service works.
type Config struct {
	Timeout  time.Duration // of one run; 0 is 300 s
	MemoryMB int64         // of one run; 0 is 4096
	Shared   bool          // other processes run transforms of the same store

	Wait func(time.Duration) <-chan time.Time // for a sign of life; nil is [time.After]
}

// Service does what can be done with transforms. Every method checks the actor
// of its context. It owns the runs it starts: end it with Close.
type Service struct {
	Deps
	cfg Config

	life   context.Context // of the runs
	stop   context.CancelFunc
	mu     sync.Mutex
	runs   map[string]context.CancelCauseFunc // those of this process, by the execution's id
	places int                                // that are reserved
	begun  bool                               // what an earlier process left was given up
	closed bool
	wg     sync.WaitGroup
}

// New makes a service.
func New(d Deps, cfg Config) *Service {
	if cfg.Timeout == 0 {
		cfg.Timeout = 5 * time.Minute
	}
	if cfg.MemoryMB == 0 {
		cfg.MemoryMB = 4096
	}
	if cfg.Wait == nil {
		cfg.Wait = time.After
	}
	life, stop := context.WithCancel(context.Background())
	return &Service{Deps: d, cfg: cfg, life: life, stop: stop, runs: map[string]context.CancelCauseFunc{}}
}

// Close stops the runs and waits for them; when the context ends first it
// returns its error.
func (s *Service) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.stop()
	return drain.Wait(ctx, &s.wg)
}

// CreateInput is a new transform. OutputName "" is Name.
type CreateInput struct {
	core.Idempotent
	Name        string
	Description string
	Code        string // Python with def transform(inputs, params)
	Params      string // JSON object, "" is {}
	Inputs      []core.TransformInput
	OutputName  string // of the dataset that the first run makes
	Schedule    core.Schedule
}

// Create makes a transform of the actor's, who needs to manage each dataset that
// it reads.
func (s *Service) Create(ctx context.Context, in CreateInput) (*core.Transform, error) {
	actor, err := s.Gate.RequireSignedIn(ctx)
	if err != nil {
		return nil, err
	}
	now := store.Now()
	t := &core.Transform{
		ID: core.NewID(core.NounTransform), Name: in.Name, Description: in.Description, Code: in.Code, Params: in.Params,
		Inputs: in.Inputs, OutputID: core.NewID(core.NounDataset), OutputName: in.OutputName, Schedule: in.Schedule,
		OwnerID: actor.UserID(), CreatedAt: now, UpdatedAt: now,
	}
	if err := check(t); err != nil {
		return nil, err
	}
	if err := s.requireInputs(ctx, t.Inputs); err != nil {
		return nil, err
	}
	if err := s.Store.Transforms.Create(ctx, t, nextDue(t.Schedule, now)); err != nil {
		return nil, err
	}
	s.note(ctx, core.EventTransformCreated, t.ID, map[string]string{"name": t.Name, "output": t.OutputID})
	return t, nil
}

// Change is an edit of a transform. Nil leaves a part as it is.
type Change struct {
	ID          string
	Version     int64 // as last read
	Name        *string
	Description *string
	Code        *string
	Params      *string
	Inputs      []core.TransformInput // nil leaves them
	OutputName  *string
	Schedule    *core.Schedule // as a whole
}

// Update edits a transform; for its owner. CONFLICT when it was changed since,
// VALIDATION_ERROR.circle where it would come to read what is made of its own
// output.
func (s *Service) Update(ctx context.Context, c Change) (*core.Transform, error) {
	before, err := s.Gate.RequireTransform(ctx, "input.id", c.ID, access.Edit)
	if err != nil {
		return nil, err
	}
	if c.Version < 1 {
		return nil, core.Invalid("input.version", "bad_value")
	}
	planned := *before
	if err := edit(&planned, c); err != nil {
		return nil, err
	}
	if c.Inputs != nil {
		if err := s.requireInputs(ctx, planned.Inputs); err != nil {
			return nil, err
		}
	}
	after, err := s.Store.Transforms.Edit(ctx, c.ID, c.Version, func(t *core.Transform) (time.Time, error) {
		if err := edit(t, c); err != nil {
			return time.Time{}, err
		}
		return nextDue(t.Schedule, store.Now()), s.checkCircle(ctx, t)
	})
	if err != nil {
		return nil, err
	}
	if after == nil {
		return nil, core.NotFound("input.id")
	}
	s.note(ctx, core.EventTransformUpdated, c.ID, map[string]string{"name": after.Name})
	return after, nil
}

// Delete removes a transform; for its owner and admins. What it has written stays
// as a dataset. Refused with CONFLICT.already_running while it runs.
func (s *Service) Delete(ctx context.Context, id string) error {
	t, err := s.Gate.RequireTransform(ctx, "input.id", id, access.Manage)
	if err != nil {
		return err
	}
	if err := s.Audit.Ready(); err != nil {
		return err
	}
	if err := s.Store.Transforms.Delete(ctx, t); err != nil {
		return err
	}
	return s.Audit.RecordStrict(ctx, event(core.EventTransformDeleted, id, map[string]string{"name": t.Name}))
}

// Transform is one transform; for its owner and admins. NOT_FOUND otherwise.
func (s *Service) Transform(ctx context.Context, id string) (*core.Transform, error) {
	return s.Gate.RequireTransform(ctx, "id", id, access.View)
}

// Filter says which transforms are asked for. Nil asks for all.
type Filter struct {
	Scheduled *bool // only those with a schedule that is on, or only the others
}

// Transforms lists the actor's own transforms, newest first; with all set an admin
// lists everybody's.
func (s *Service) Transforms(ctx context.Context, f Filter, all bool, page core.PageArgs) (core.Page[*core.Transform], error) {
	var keep func(*core.Transform) bool
	if f.Scheduled != nil {
		keep = func(t *core.Transform) bool { return t.Schedule.Enabled == *f.Scheduled }
	}
	if all {
		if _, err := s.Gate.RequireAdmin(ctx); err != nil {
			return core.Page[*core.Transform]{}, err
		}
		return s.Store.Transforms.List(ctx, keep, page)
	}
	actor, err := s.Gate.RequireSignedIn(ctx)
	if err != nil {
		return core.Page[*core.Transform]{}, err
	}
	return s.Store.Transforms.ByOwner(ctx, actor.UserID(), keep, page)
}

// requireInputs wants the actor's own right to each dataset that is read.
func (s *Service) requireInputs(ctx context.Context, inputs []core.TransformInput) error {
	for i, in := range inputs {
		if _, err := s.Gate.RequireDataset(ctx, inputField(i, "datasetId"), in.DatasetID, access.Manage); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) note(ctx context.Context, t core.EventType, id string, details map[string]string) {
	s.Audit.Record(ctx, event(t, id, details))
}

func event(t core.EventType, id string, details map[string]string) core.AuditEvent {
	return core.AuditEvent{Type: t, TargetType: "transform", TargetID: id, Details: details}
}

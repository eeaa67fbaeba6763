package card

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

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
	Tell     core.Tell // gets what is changed about cards of dashboards; may be nil

	// Resume is the actor of somebody who signed in before; an error where that has
	// ended, see [identity.Service.Resume].
	Resume func(context.Context, core.SignIn) (*core.Actor, error)

	// Admit refuses a run that the cache does not answer where there were too many of
	// the dashboard's, "" for none; see [guard.Guard.AdmitCard]. nil: there are never.
	Admit func(ctx context.Context, dashboardID string) error
}

// Config says how the service works.
type Config struct {
	Timeout    time.Duration // of one run
	MemoryMB   int64         // of one run; 0 is 2048
	CacheTTL   time.Duration // how old a kept result may be; 0 runs every time
	CacheBytes int64         // of results in memory; 0 is 64 MiB
	PageSecret string        // signs the addresses of pages and of exported files
	Platform   string        // version of Karuta: another one makes its results anew

	RunLogEvery time.Duration    // how often the runs of cards are written to their logs; 0 is two seconds
	Now         func() time.Time // what relative dates are relative to; nil is the clock
}

// Service does what can be done with cards. Every method checks the actor of
// its context. Runs that people share outlive the one who asked first: end the
// service with Close.
type Service struct {
	Deps
	cfg     Config
	kept    *results
	log     runLog
	flights singleflight.Group

	life   context.Context // of the runs
	stop   context.CancelFunc
	mu     sync.Mutex
	flying map[string]*flight // by the run's name
	closed bool
	wg     sync.WaitGroup
}

// New makes a service.
func New(d Deps, cfg Config) *Service {
	if cfg.MemoryMB == 0 {
		cfg.MemoryMB = 2048
	}
	if cfg.CacheBytes == 0 {
		cfg.CacheBytes = 64 << 20
	}
	if cfg.RunLogEvery == 0 {
		cfg.RunLogEvery = runLogEvery
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if d.Admit == nil {
		d.Admit = func(context.Context, string) error { return nil }
	}
	life, stop := context.WithCancel(context.Background())
	s := &Service{Deps: d, cfg: cfg, kept: newResults(d.Blobs, cfg.CacheBytes), life: life, stop: stop, flying: map[string]*flight{}}
	s.wg.Go(s.keepRunLog)
	return s
}

// Close ends the runs and waits for them; when the context ends first it
// returns its error.
func (s *Service) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.stop()
	return drain.Wait(ctx, &s.wg)
}

// CreateInput is a new card. Kind "" is CODE.
type CreateInput struct {
	core.Idempotent
	Kind           core.CardKind
	Name           string
	Description    string
	DatasetID      string // of a code card
	Code           string // Python, or the HTML of a text card
	Params         string // JSON object, "" is {}
	Parameters     []core.CardParameter
	IgnoresFilters bool
}

// Create makes a card of the actor's. A code card needs a dataset that the
// actor may read as its owner or as an admin.
func (s *Service) Create(ctx context.Context, in CreateInput) (*core.Card, error) {
	actor, err := s.Gate.RequireSignedIn(ctx)
	if err != nil {
		return nil, err
	}
	now := store.Now()
	c := &core.Card{
		ID: core.NewID(core.NounCard), Kind: in.Kind, Name: in.Name, Description: in.Description, DatasetID: in.DatasetID,
		Code: in.Code, Params: in.Params, Parameters: in.Parameters, IgnoresFilters: in.IgnoresFilters, OwnerID: actor.UserID(), CreatedAt: now, UpdatedAt: now,
	}
	if err := check(c); err != nil {
		return nil, err
	}
	if err := s.requireData(ctx, c); err != nil {
		return nil, err
	}
	if err := s.Store.Cards.Create(ctx, c); err != nil {
		return nil, err
	}
	s.note(ctx, core.EventCardCreated, c.ID, map[string]string{"name": c.Name, "dataset": c.DatasetID})
	return c, nil
}

// requireData wants the actor's own right to the dataset that a card reads.
func (s *Service) requireData(ctx context.Context, c *core.Card) error {
	if c.Kind == core.CardText {
		return nil
	}
	_, err := s.Gate.RequireDataset(ctx, "input.datasetId", c.DatasetID, access.Manage)
	return err
}

// Change is an edit of a card. Nil leaves a part as it is.
type Change struct {
	ID             string
	Version        int64 // as last read
	Name           *string
	Description    *string
	DatasetID      *string
	Code           *string
	Params         *string
	Parameters     *[]core.CardParameter
	IgnoresFilters *bool
}

// Update edits a card; for its owner. CONFLICT when it was changed since. Code
// that is to read other data, or other code for the same, needs the owner's
// own right to the dataset; a card that lies on dashboards keeps its dataset.
func (s *Service) Update(ctx context.Context, c Change) (*core.Card, error) {
	before, err := s.Gate.RequireCard(ctx, "input.id", c.ID, access.Edit)
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
	if planned.Code != before.Code || planned.Params != before.Params || planned.DatasetID != before.DatasetID {
		if err := s.requireData(ctx, &planned); err != nil {
			return nil, err
		}
	}
	after, err := s.Store.Cards.Edit(ctx, c.ID, c.Version, func(card *core.Card) error { return edit(card, c) })
	if err != nil {
		return nil, err
	}
	if after == nil {
		return nil, core.NotFound("input.id")
	}
	s.note(ctx, core.EventCardUpdated, c.ID, map[string]string{"name": after.Name})
	s.tell(ctx, after)
	return after, nil
}

// tell tells who watches a dashboard with the card that it was changed. Where the
// dashboards cannot be read, the change is done all the same.
func (s *Service) tell(ctx context.Context, c *core.Card) {
	ids, err := s.Store.Dashboards.HoldingCard(ctx, c.ID, core.MaxPage)
	if err != nil {
		s.Log.WarnContext(ctx, "a changed card was not told", "card", c.ID, "error", err)
	}
	change := core.DashboardChange{Kind: core.ChangeCard, CardID: c.ID, ByID: core.ActorFrom(ctx).ActingID()}
	for _, id := range ids {
		s.Tell.Say(ctx, core.DashboardTopic(id), change)
	}
	s.Tell.Say(ctx, core.CardTopic(c.ID), change)
}

// Delete removes a card; for its owner and admins. Refused with
// VALIDATION_ERROR.card_in_use while it lies on dashboards.
func (s *Service) Delete(ctx context.Context, id string) error {
	c, err := s.Gate.RequireCard(ctx, "input.id", id, access.Manage)
	if err != nil {
		return err
	}
	if err := s.Audit.Ready(); err != nil {
		return err
	}
	if err := s.Store.Cards.Delete(ctx, c); err != nil {
		return err
	}
	return s.Audit.RecordStrict(ctx, event(core.EventCardDeleted, id, map[string]string{"name": c.Name}))
}

// Card is one card that the actor may see: as owner, as admin or through a
// dashboard, then without Code and Params. NOT_FOUND otherwise.
func (s *Service) Card(ctx context.Context, id string) (*core.Card, error) {
	return s.Gate.RequireCard(ctx, "id", id, access.View)
}

// Cards lists the actor's own cards, newest first.
func (s *Service) Cards(ctx context.Context, page core.PageArgs) (core.Page[*core.Card], error) {
	actor, err := s.Gate.RequireSignedIn(ctx)
	if err != nil {
		return core.Page[*core.Card]{}, err
	}
	return s.Store.Cards.ByOwner(ctx, actor.UserID(), page)
}

func (s *Service) note(ctx context.Context, t core.EventType, id string, details map[string]string) {
	s.Audit.Record(ctx, event(t, id, details))
}

func event(t core.EventType, id string, details map[string]string) core.AuditEvent {
	return core.AuditEvent{Type: t, TargetType: "card", TargetID: id, Details: details}
}

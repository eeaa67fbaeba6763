package audit

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
	"github.com/karuta-bi/karuta/internal/table"
	"github.com/karuta-bi/karuta/internal/table/embedded"
	"github.com/karuta-bi/karuta/internal/telemetry"
)

var errOutage = errors.New("the store is away")

// hook is what a test wants to happen at the write of an event. Marks of days are written
// before them, and nobody asks how.
type hook func(context.Context, table.Write) error

// outage is an engine whose writes a test can make fail, before or after they
// were done; it remembers which made or changed an event, in their order.
type outage struct {
	table.Engine
	before, after hook

	mu      sync.Mutex
	written []string
	asked   int
}

func (o *outage) Write(ctx context.Context, w table.Write) error {
	if _, event := core.NounOf(w.Key.PK); !event {
		return o.Engine.Write(ctx, w)
	}
	before, after := o.next()
	if err := before(ctx, w); err != nil {
		return err
	}
	old, err := o.Engine.Get(ctx, w.Key)
	if err != nil {
		return err
	}
	if err := o.Engine.Write(ctx, w); err != nil {
		return err
	}
	now, err := o.Engine.Get(ctx, w.Key)
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(old, now) {
		o.mu.Lock()
		o.written = append(o.written, w.Key.PK)
		o.mu.Unlock()
	}
	return after(ctx, w)
}

func (o *outage) next() (before, after hook) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked++
	return o.before, o.after
}

// set changes what goes wrong.
func (o *outage) set(before, after hook) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.before, o.after = before, after
}

func (o *outage) begin() { o.set(away, well) }
func (o *outage) end()   { o.set(well, well) }

// count is how many writes were asked for.
func (o *outage) count() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.asked
}

// ids are the events written, in their order.
func (o *outage) ids() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]string(nil), o.written...)
}

func well(context.Context, table.Write) error { return nil }

func away(context.Context, table.Write) error { return errOutage }

// world is a log over a real store, with everything that shows what it does.
type world struct {
	*Log
	t      testing.TB
	engine *outage
	dir    string // of the spool
	said   *speech
}

func newWorld(t testing.TB) *world {
	t.Helper()
	e, err := embedded.Open(filepath.Join(t.TempDir(), "karuta.db"))
	must(t, err)
	t.Cleanup(func() { must(t, e.Close()) })
	must(t, e.Init(t.Context()))
	w := &world{t: t, engine: &outage{Engine: e, before: well, after: well}, dir: filepath.Join(t.TempDir(), "spool")}
	w.restart()
	return w
}

// restart is a new process on the same store and spool.
func (w *world) restart() {
	w.t.Helper()
	w.said = &speech{}
	var err error
	w.Log, err = New(store.New(w.engine).Audit, w.dir, telemetry.NewLogger(w.said, telemetry.Options{}), &telemetry.Metrics{})
	must(w.t, err)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// row is an event as it is stored.
func (w *world) row(id string) table.Item {
	w.t.Helper()
	it, err := w.engine.Get(w.t.Context(), table.Key{Table: table.AuditLogs, PK: id})
	must(w.t, err)
	return it
}

// recorded is the row of an event that was just written.
func (w *world) recorded(ctx context.Context, ev core.AuditEvent) table.Item {
	w.t.Helper()
	before := len(w.engine.ids())
	w.Record(ctx, ev)
	ids := w.engine.ids()
	if len(ids) != before+1 {
		w.t.Fatalf("%d rows written, want 1", len(ids)-before)
	}
	return w.row(ids[before])
}

// at makes the log's clock stand.
func (w *world) at(moment time.Time) { w.now = func() time.Time { return moment } }

// speech is what the log says, for many goroutines.
type speech struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *speech) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *speech) lines(containing string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for line := range strings.Lines(s.text.String()) {
		if strings.Contains(line, containing) {
			n++
		}
	}
	return n
}

func as(role core.Role) context.Context {
	return core.WithActor(context.Background(), &core.Actor{
		User: &core.User{ID: core.NewID(core.NounUser), Role: role}, SessionID: "sess_1", IP: "192.0.2.1", Agent: "Firefox/150", RequestID: "request-1",
	})
}

func code(t *testing.T, what string, err error, want core.Code) {
	t.Helper()
	if got := core.CodeOf(err); got != want {
		t.Errorf("%s: got %v, want %q", what, err, want)
	}
}

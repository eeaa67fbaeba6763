package audit

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

// spooled are the ids of the events that wait, in their order.
func (w *world) spooled() []string {
	w.t.Helper()
	var ids []string
	for _, name := range []string{"sending", "waiting"} {
		text, err := os.ReadFile(w.spool.path(name))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			w.t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			var ev core.AuditEvent
			if json.Unmarshal([]byte(line), &ev) == nil {
				ids = append(ids, ev.ID)
			}
		}
	}
	return ids
}

// spool puts n events into the spool, as an outage does.
func (w *world) fillSpool(n int) []string {
	w.t.Helper()
	w.engine.begin()
	for range n {
		w.Record(as(core.RoleUser), core.AuditEvent{Type: core.EventLogin, Details: map[string]string{"言葉": "改\n行"}})
	}
	return w.spooled()
}

// AU-9: an outage of the store breaks nothing, and is counted and logged.
func TestAnOutageIsNoticedAndBreaksNothing(t *testing.T) {
	w := newWorld(t)
	ids := w.fillSpool(3)
	if err := w.RecordStrict(as(core.RoleAdmin), core.AuditEvent{Type: core.EventRoleChanged}); err != nil {
		t.Errorf("a strict event with a spool that takes it: %v", err)
	}
	code(t, "ready", w.Ready(), "")
	if len(ids) != 3 || w.failures.Value() != 4 || w.depth.Value() != 4 || w.lost.Value() != 0 || w.said.lines("audit write failed") != 4 {
		t.Errorf("spooled %d, failures %d, depth %d, lost %d, said %d times",
			len(ids), w.failures.Value(), w.depth.Value(), w.lost.Value(), w.said.lines("audit write failed"))
	}
	if asked := w.engine.count(); asked != 1 {
		t.Errorf("a store that is away was asked %d times", asked)
	}
	w.engine.end()
	must(t, w.Flush(t.Context()))
	if got := w.engine.ids(); len(got) != 4 || !slices.Equal(got[:3], ids) {
		t.Errorf("brought %v, want %v and one more", got, ids)
	}
	if w.depth.Value() != 0 || len(w.spooled()) != 0 {
		t.Errorf("depth %d, spooled %v", w.depth.Value(), w.spooled())
	}
	w.recorded(as(core.RoleUser), core.AuditEvent{Type: core.EventLogout}) // goes to the store again
}

// A row is the same whether it went through the spool or not.
func TestTheSpoolKeepsEveryField(t *testing.T) {
	w := newWorld(t)
	w.at(time.Date(2026, 3, 4, 5, 6, 7, 89e6, time.UTC))
	ctx := as(core.RoleUser)
	ev := core.AuditEvent{Type: core.EventCardFailed, TargetType: "card", TargetID: "card_1", Outcome: core.OutcomeFailure, Details: map[string]string{"誤り": "改\n行 <b>"}}
	direct := w.recorded(ctx, ev)
	w.engine.begin()
	w.Record(ctx, ev)
	w.engine.end()
	must(t, w.Flush(t.Context()))
	late := w.row(w.engine.ids()[1])
	for _, name := range []string{"logId", "dayShard"} {
		delete(direct, name)
		delete(late, name)
	}
	if a, b := asJSON(t, direct), asJSON(t, late); a != b {
		t.Errorf("direct %s\nlate   %s", a, b)
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	must(t, err)
	return string(text)
}

func TestTheSpoolIsForNobodyElsesEyes(t *testing.T) {
	w := newWorld(t)
	w.fillSpool(1)
	for path, want := range map[string]os.FileMode{w.dir: 0o700, filepath.Join(w.dir, "waiting.jsonl"): 0o600, filepath.Join(w.dir, "append.lock"): 0o600} {
		info, err := os.Stat(path)
		must(t, err)
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, want %v", path, info.Mode().Perm(), want)
		}
	}
}

// places are where a file of two lines may end: around the line ends every
// one, elsewhere each thirteenth.
func places(size, first int) (at []int) {
	for i := range size + 1 {
		if i%13 == 0 || i < 3 || i >= first-2 && i <= first+3 || i >= size-3 {
			at = append(at, i)
		}
	}
	return at
}

// A process that dies in the middle of a line spoils that line alone.
func TestHalfALine(t *testing.T) {
	w := newWorld(t)
	ids := w.fillSpool(2)
	w.engine.end()
	whole, err := os.ReadFile(w.spool.path("waiting"))
	must(t, err)
	first := strings.Index(string(whole), "\n")
	for _, at := range places(len(whole), first) {
		must(t, os.WriteFile(w.spool.path("waiting"), whole[:at], 0o600))
		must(t, errors.Join(os.RemoveAll(w.spool.path("damaged")), w.spool.append(&core.AuditEvent{ID: core.NewID(core.NounAudit), Type: core.EventLogin, UserID: "u"})))
		before := len(w.engine.ids())
		w.restart()
		must(t, w.Flush(t.Context()))
		got := w.engine.ids()[before:]
		want := 1
		if damaged := w.spool.path("damaged"); at > 0 && at != first && at != first+1 && at < len(whole)-1 {
			if left, err := os.ReadFile(damaged); err != nil || strings.Count(string(left), "\n") != 1 {
				t.Fatalf("cut at %d: set aside %q, %v", at, left, err)
			}
		}
		for i, end := range []int{first, len(whole) - 1} {
			if at >= end && w.row(ids[i]) == nil {
				t.Fatalf("cut at %d: event %d is lost", at, i)
			}
			if at == end {
				want++ // met for the first time
			}
		}
		if len(got) != want {
			t.Fatalf("cut at %d: %d rows written, want %d", at, len(got), want)
		}
	}
}

// What a process left behind is brought by the next, in order, each event once,
// wherever the one before was interrupted.
func TestTheNextProcessGoesOn(t *testing.T) {
	for interrupted := range 4 {
		w := newWorld(t)
		ids := w.fillSpool(3)
		left := interrupted
		w.engine.set(func(context.Context, table.Write) error {
			if left--; left < 0 {
				return errOutage
			}
			return nil
		}, well)
		if err := w.Flush(t.Context()); (err != nil) != (interrupted < 3) {
			t.Fatalf("interrupted after %d: %v", interrupted, err)
		}
		w.engine.end()
		w.restart()
		if got := int(w.depth.Value()); interrupted < 3 && got != 3 {
			t.Errorf("interrupted after %d: the depth at start is %d", interrupted, got)
		}
		w.at(time.Now().Add(time.Hour))
		must(t, w.Close())
		if got := w.engine.ids(); !slices.Equal(got, ids) {
			t.Errorf("interrupted after %d: brought %v, want %v", interrupted, got, ids)
		}
	}
}

// A write that was done although its answer got lost is not done again.
func TestALostAnswerWritesOnce(t *testing.T) {
	w := newWorld(t)
	w.engine.set(well, away)
	w.Record(as(core.RoleUser), core.AuditEvent{Type: core.EventLogin})
	if len(w.engine.ids()) != 1 || len(w.spooled()) != 1 {
		t.Fatalf("written %v, spooled %v", w.engine.ids(), w.spooled())
	}
	w.engine.end()
	must(t, w.Flush(t.Context()))
	if got := w.engine.ids(); len(got) != 1 || len(w.spooled()) != 0 {
		t.Errorf("written %v, spooled %v", got, w.spooled())
	}
}

// An event the store can never take holds up nobody, and stays for somebody to look at.
func TestAnUnfitEventIsSetAsideOnce(t *testing.T) {
	w := newWorld(t)
	must(t, w.spool.appendLine("waiting", []byte("no event at all")))
	must(t, w.spool.append(&core.AuditEvent{ID: core.NewID(core.NounAudit), UserID: strings.Repeat("u", 3000)}))
	ids := w.fillSpool(1)
	for range 3 {
		if w.Flush(t.Context()) == nil {
			t.Fatal("brought although the store is away")
		}
	}
	w.engine.end()
	must(t, w.Flush(t.Context()))
	left, err := os.ReadFile(w.spool.path("damaged"))
	if err != nil || strings.Count(string(left), "\n") != 2 || !strings.HasPrefix(string(left), "no event at all\n") {
		t.Errorf("set aside %q, %v", left, err)
	}
	if got := w.engine.ids(); !slices.Equal(got, ids[1:]) || w.said.lines("cannot be stored") != 2 {
		t.Errorf("brought %v, want %v; said %d times", got, ids[1:], w.said.lines("cannot be stored"))
	}
}

// An event that breaks a limit goes to the spool, and the store is not taken for being away.
func TestALimitIsNoOutage(t *testing.T) {
	w := newWorld(t)
	w.Record(as(core.RoleUser), core.AuditEvent{Type: core.EventLogin, UserID: strings.Repeat("u", 3000)})
	w.recorded(as(core.RoleUser), core.AuditEvent{Type: core.EventLogin})
}

// A spool that takes nothing: the operation goes on, and the loss is counted and
// logged; only strict events fail, and say so before.
func TestASpoolThatTakesNothing(t *testing.T) {
	for name, spoil := range map[string]func(*world){
		"full": func(w *world) {
			must(t, os.WriteFile(w.spool.path("waiting"), nil, 0o600))
			must(t, os.Truncate(w.spool.path("waiting"), maxSpool+1))
		},
		"not to be written": func(w *world) { must(t, os.Mkdir(w.spool.path("waiting"), 0o700)) },
		"gone":              func(w *world) { must(t, os.RemoveAll(w.dir)); must(t, os.WriteFile(w.dir, nil, 0o600)) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			code(t, "ready while the store answers", w.Ready(), "")
			w.engine.begin()
			spoil(w)
			w.Record(as(core.RoleUser), core.AuditEvent{Type: core.EventLogin, TargetID: "user_9"})
			code(t, "ready", w.Ready(), core.CodeUnavailable)
			code(t, "strict", w.RecordStrict(as(core.RoleAdmin), core.AuditEvent{Type: core.EventRoleChanged}), core.CodeUnavailable)
			if w.lost.Value() != 2 || w.failures.Value() != 2 || w.said.lines("audit event lost") != 2 || w.said.lines("user_9") != 1 {
				t.Errorf("lost %d, failures %d, said %d times", w.lost.Value(), w.failures.Value(), w.said.lines("audit event lost"))
			}
		})
	}
}

func TestNoLogWithoutASpool(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o600))
	if _, err := New(nil, filepath.Join(file, "spool"), nil, nil); err == nil {
		t.Error("opened a spool where no folder can be")
	}
}

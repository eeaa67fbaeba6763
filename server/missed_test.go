package server_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/bus"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
	"github.com/karuta-bi/karuta/internal/store/storetest"
	"github.com/karuta-bi/karuta/internal/table"
	"github.com/karuta-bi/karuta/server"
)

// gappy is a bus that tells of gaps when the test says so.
type gappy struct {
	bus.Bus
	mu   sync.Mutex
	subs map[string][]func(bus.Event)
}

func withGaps(into **gappy) func(*server.Deps) {
	return func(d *server.Deps) {
		*into = &gappy{Bus: d.Bus, subs: map[string][]func(bus.Event){}}
		d.Bus = *into
	}
}

func (g *gappy) Subscribe(topic string, after int64, deliver func(bus.Event)) (*bus.Subscription, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.subs[topic] = append(g.subs[topic], deliver)
	return g.Bus.Subscribe(topic, after, deliver)
}

// gap is what a bus tells when a process has died.
func (g *gappy) gap(topic string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, deliver := range g.subs[topic] {
		deliver(bus.Event{Seq: store.Now().UnixMicro() + 1_000_000, Gap: true})
	}
}

// A process dies between what it commits and what it would have told: the end of a run
// and of an import is told all the same, and of a dashboard that it must be read anew.
func TestWhatAKilledProcessDidNotTellIsTold(t *testing.T) {
	var g *gappy
	h := newHouse(t, withGaps(&g))
	owner, token := h.person()
	run, job := h.run(owner), h.job(owner)
	k := h.signedIn(token)
	k.subscribe("1", fmt.Sprintf(`subscription { transformExecutionUpdated(executionId: %q) { status events { seq } } }`, run))
	k.stands("transformExecutionUpdated", core.StatusQueued)
	must(t, h.endRun(run))
	g.gap(core.ExecutionTopic(run))
	k.stands("transformExecutionUpdated", core.StatusSucceeded)
	k.completed()
	k.subscribe("2", fmt.Sprintf(`subscription { importProgress(jobId: %q) { status } }`, job))
	k.stands("importProgress", core.StatusRunning)
	must(t, h.endJob(job))
	g.gap(core.ImportTopic(job))
	k.stands("importProgress", core.StatusFailed)
	k.completed()
	d := h.Dashboard(owner, nil)
	k.subscribe("3", fmt.Sprintf(watchDashboard, d.ID, ""))
	k.next("dashboardChanged")
	g.gap(core.DashboardTopic(d.ID))
	k.ended(core.CodeEventsGone)
}

// A commit whose answer was lost may have been done: who watches is told to look.
func TestACommitWhoseAnswerIsLostIsTold(t *testing.T) {
	var faults *storetest.Faults
	h := openHouse(t, site{file: t.TempDir() + "/karuta.db", engine: func(e table.Engine) table.Engine {
		faults = storetest.NewFaults(e)
		return faults
	}})
	owner, token := h.person()
	run, job := h.run(owner), h.job(owner)
	k := h.signedIn(token)
	k.subscribe("1", fmt.Sprintf(`subscription { transformExecutionUpdated(executionId: %q) { status } }`, run))
	k.stands("transformExecutionUpdated", core.StatusQueued)
	faults.Arm(3, storetest.AnswerLost) // two are read
	if err := h.endRun(run); err == nil {
		t.Fatal("no answer was lost")
	}
	k.stands("transformExecutionUpdated", core.StatusSucceeded)
	k.completed()
	k.subscribe("2", fmt.Sprintf(`subscription { importProgress(jobId: %q) { status } }`, job))
	k.stands("importProgress", core.StatusRunning)
	faults.Arm(2, storetest.AnswerLost)
	if err := h.endJob(job); err == nil {
		t.Fatal("no answer was lost")
	}
	k.stands("importProgress", core.StatusFailed)
	k.completed()
}

// stands wants a result that says where something stands.
func (k *talk) stands(field string, want core.RunStatus) {
	k.t.Helper()
	if got := k.next(field); got["status"] != string(want) {
		k.t.Fatalf("%s: told %v, want %s", field, got, want)
	}
}

// completed wants the end of the operation.
func (k *talk) completed() {
	k.t.Helper()
	if m := k.told(); m.Type != "complete" {
		k.t.Fatalf("want the end, got %s %s", m.Type, m.Payload)
	}
}

// person is somebody with their token.
func (h *house) person() (*core.User, string) {
	id, token := h.user(core.RoleUser)
	return &core.User{ID: id}, token
}

// run is a run of a transform of the owner's that waits for its turn.
func (h *house) run(owner *core.User) string {
	h.t.Helper()
	tr := &core.Transform{
		ID: core.NewID(core.NounTransform), Name: "集計", Code: "x", Params: "{}", OwnerID: owner.ID, OutputID: core.NewID(core.NounDataset), OutputName: "集計",
		Inputs: []core.TransformInput{{DatasetID: h.Dataset(owner).ID}}, CreatedAt: store.Now(), UpdatedAt: store.Now(),
	}
	must(h.t, h.store.Transforms.Create(h.t.Context(), tr, time.Time{}))
	x := &core.Execution{
		ID: core.NewExecutionID(tr.ID), TransformID: tr.ID, Status: core.StatusQueued, Trigger: core.TriggerManual, RequestedBy: owner.ID,
		OutputID: tr.OutputID, CreatedAt: store.Now(),
	}
	err := h.store.Executions.Start(h.t.Context(), x)
	must(h.t, err)
	return x.ID
}

// endRun ends a run in the tables alone: nobody is told.
func (h *house) endRun(id string) error {
	_, err := h.store.Executions.Finish(h.t.Context(), id, nil, func(x *core.Execution) error {
		x.Status, x.Progress, x.FinishedAt = core.StatusSucceeded, 1, store.Now()
		return nil
	})
	return err
}

// job is an import of the owner's that goes on.
func (h *house) job(owner *core.User) string {
	h.t.Helper()
	j := &core.ImportJob{
		ID: core.NewID(core.NounJob), Kind: core.ImportNew, Status: core.StatusRunning, Name: "売上", OwnerID: owner.ID, CreatedAt: store.Now(), Heartbeat: store.Now(),
	}
	must(h.t, h.store.Jobs.Create(h.t.Context(), j))
	return j.ID
}

// endJob ends an import in the tables alone.
func (h *house) endJob(id string) error {
	_, err := h.store.Jobs.Edit(h.t.Context(), id, func(j *core.ImportJob) error {
		j.Status, j.FinishedAt = core.StatusFailed, store.Now()
		return nil
	})
	return err
}

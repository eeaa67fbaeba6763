package server_test

import (
	"crypto/rand"
	mathrand "math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store/storetest"
	"github.com/karuta-bi/karuta/internal/table"
	"github.com/karuta-bi/karuta/internal/table/dynamo"
	"github.com/karuta-bi/karuta/internal/testkit"
)

// Fifty clients start, cancel and edit one transform at the same time: it runs once
// at a time, each run that succeeded is one version, and nothing is left open.
func TestRacesOfTransforms(t *testing.T) {
	t.Run("bbolt", func(t *testing.T) {
		t.Parallel()
		raceTransform(t, func(e table.Engine) table.Engine { return e })
	})
	t.Run("DynamoDB", func(t *testing.T) {
		t.Parallel()
		endpoint := testkit.Dynoxide(t)
		raceTransform(t, func(file table.Engine) table.Engine {
			must(t, file.Close())
			e, err := dynamo.Open(t.Context(), dynamo.Options{
				Endpoint: endpoint, Region: "ap-northeast-1", AccessKey: "test", SecretKey: "test", Prefix: "t" + rand.Text()[:8] + "_",
			})
			must(t, err)
			return e
		})
	})
}

func raceTransform(t *testing.T, engine func(table.Engine) table.Engine) {
	var atOnce, most atomic.Int32
	executor := obliging(t)
	executor.Transform = func(req client.TransformRequest, _ func(client.TransformEvent), _ <-chan struct{}) client.TransformEvent {
		if n := atOnce.Add(1); n > most.Load() {
			most.Store(n)
		}
		defer atOnce.Add(-1)
		return client.TransformEvent{Done: &client.TransformDone{Columns: columns(), RowCount: 1, Parts: []string{req.Target + "part-0000.parquet"}}}
	}
	var l *storetest.Ledger
	h := openHouse(t, site{file: t.TempDir() + "/karuta.db", blobs: accesstest.NewBlobs(), executor: executor.Client(), engine: func(e table.Engine) table.Engine {
		l = storetest.NewLedger(engine(e))
		return l
	}})
	a := &arena{h: h}
	ownerID, token := h.user(core.RoleUser)
	made := a.send(t, token, `createTransform(input: {name: "x", code: "x", inputs: [{datasetId: %q}]}) { transform { id } }`, h.Dataset(&core.User{ID: ownerID}, columns()...).ID)
	id := made.at("createTransform.transform.id")
	var edits atomic.Int64
	var crowd sync.WaitGroup
	for i := range racers {
		crowd.Go(func() {
			rnd := mathrand.New(mathrand.NewPCG(uint64(i), 5))
			for range laps / 2 {
				if a.transformLap(t, rnd, token, id) {
					edits.Add(1)
				}
			}
		})
	}
	crowd.Wait()
	h.runsOf(id)
	a.send(t, token, `executeTransform(input: {id: %q}) { execution { id } }`, id) // one that nobody cancels
	succeeded := h.runsOf(id)
	items := l.Items(t)
	items.Check(t)
	tf := items[table.Key{Table: table.Transforms, PK: "TRANSFORM#" + id, SK: "METADATA"}]
	state := items[table.Key{Table: table.Transforms, PK: "TRANSFORM#" + id, SK: "STATE"}]
	output := items[table.Key{Table: table.Datasets, PK: "DATASET#" + tf.Str("output_dataset_id"), SK: "METADATA"}]
	if most.Load() != 1 || succeeded == 0 || output.Int("data_version") != succeeded || state.Str("running_id") != "" || tf.Int("version") != 1+edits.Load() {
		t.Errorf("%d ran at once, %d succeeded, the output is %v, the state %v, %d edits of %v", most.Load(), succeeded, output, state, edits.Load(), tf)
	}
}

// runsOf waits until every run of the transform has ended, and counts what succeeded.
func (h *house) runsOf(id string) (succeeded int64) {
	h.t.Helper()
	for {
		page, err := h.store.Executions.Of(h.t.Context(), id, core.PageArgs{First: 1000})
		must(h.t, err)
		if i := slices.IndexFunc(page.Nodes, func(x *core.Execution) bool { return !x.Status.Final() }); i >= 0 {
			time.Sleep(10 * time.Millisecond)
			continue
		}
		for _, x := range page.Nodes {
			if x.Status == core.StatusSucceeded {
				succeeded++
			}
		}
		return succeeded
	}
}

// transformLap is one thing that one client does with the transform; true where it was edited.
func (a *arena) transformLap(t *testing.T, rnd *mathrand.Rand, token, id string) (edited bool) {
	switch rnd.IntN(4) {
	case 0:
		now := a.h.ask(token, `{ transform(id: "`+id+`") { version } }`, nil).at("transform.version")
		return a.try(t, token, `updateTransform(input: {id: %q, version: %s, name: "y"}) { transform { id } }`, id, now)
	default:
		answer := a.send(t, token, `executeTransform(input: {id: %q}) { execution { id } }`, id)
		if answer.code() == "" && rnd.IntN(2) == 0 {
			a.try(t, token, `cancelExecution(input: {id: %q}) { execution { id } }`, answer.at("executeTransform.execution.id"))
		}
	}
	return false
}

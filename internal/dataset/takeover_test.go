package dataset

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// A process that stood still for long goes on with an import that another one has taken
// over by then: it changes nothing of it, publishes nothing, and removes no file.
func TestWhoWasOvertakenLeavesTheImportAlone(t *testing.T) { // FAIL-5
	w, blobs := accesstest.New(t), accesstest.NewBlobs()
	s := New(Deps{Store: w.Store, Gate: w.Gate, Audit: w.Audit, Blobs: blobs, Log: w.Log}, Config{Shared: true})
	t.Cleanup(func() { _ = s.Close(context.Background()) })
	ctx := t.Context()
	mine := jobOf(&core.Actor{User: w.User("owner")}, core.ImportNew, core.NewID(core.NounDataset), core.CSVOptions{})
	mine.Name, mine.Status = "売上", core.StatusRunning
	must(t, w.Store.Jobs.Create(ctx, mine))
	target := versionFolder(mine, 1)
	for _, key := range []string{mine.SourceKey, target + "part-0000.parquet"} {
		_, err := blobs.Put(ctx, key, strings.NewReader("x"))
		must(t, err)
	}
	theirs, err := w.Store.Jobs.Edit(ctx, mine.ID, func(j *core.ImportJob) error { j.Worker, j.Heartbeat = "other", store.Now(); return nil })
	must(t, err)
	if versionFolder(theirs, 1) == target {
		t.Errorf("both write into %s", target)
	}
	done := &client.ImportDone{Columns: []core.Column{{Name: "a", Type: core.TypeString}}, RowCount: 1, Bytes: 1, Parts: []string{target + "part-0000.parquet"}, Summary: "kept"}
	for name, act := range map[string]func() error{
		"begin":     func() error { _, _, err := s.begin(ctx, mine); return err },
		"publish":   func() error { return s.publish(ctx, mine, target, done) },
		"lay aside": func() error { return s.stage(ctx, mine, target, done, nil) },
		"fail":      func() error { s.fail(ctx, mine, interrupted()); return errEnded },
		"show life": func() error {
			work, end := context.WithCancelCause(ctx)
			s.showLife(ctx, mine, &standing{}, end)
			return context.Cause(work)
		},
	} {
		if err := act(); !errors.Is(err, errEnded) {
			t.Errorf("%s: %v", name, err)
		}
		now, err := w.Store.Jobs.Get(ctx, mine.ID)
		must(t, err)
		if now.Version != theirs.Version || len(blobs.Keys()) != 2 {
			t.Errorf("%s: it became %+v, left are %v", name, now, blobs.Keys())
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

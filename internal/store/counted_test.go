package store_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
	"github.com/karuta-bi/karuta/internal/store/storetest"
	"github.com/karuta-bi/karuta/internal/table"
	"github.com/karuta-bi/karuta/internal/table/embedded"
)

// Whatever is read is noted before it is, and whatever is written, done or not, is
// counted after it was.
func TestCounted(t *testing.T) {
	file, err := embedded.Open(filepath.Join(t.TempDir(), "karuta.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	if err := file.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	faults := storetest.NewFaults(file)
	e := store.Counted(faults)
	one, other := table.Key{Table: table.Dashboards, PK: "DASHBOARD#1", SK: "METADATA"}, table.Key{Table: table.Groups, PK: "GROUP#1", SK: "METADATA"}
	writes := map[string]func(ctx context.Context, k table.Key) error{
		"Write": func(ctx context.Context, k table.Key) error {
			return e.Write(ctx, table.Put(k, table.Item{}, table.Always()))
		},
		"Write refused": func(ctx context.Context, k table.Key) error {
			_ = e.Write(ctx, table.Put(k, table.Item{}, table.IfVersion(7)))
			return nil
		},
		"Write whose answer is lost": func(ctx context.Context, k table.Key) error {
			faults.Arm(1, storetest.AnswerLost)
			_ = e.Write(ctx, table.Put(k, table.Item{}, table.Always()))
			return nil
		},
		"Transact": func(ctx context.Context, k table.Key) error {
			return e.Transact(ctx, "", []table.Write{table.Delete(k, table.Always())})
		},
	}
	for how, read := range map[string]func(ctx context.Context) error{
		"Get":      func(ctx context.Context) error { _, err := e.Get(ctx, one); return err },
		"BatchGet": func(ctx context.Context) error { _, err := e.BatchGet(ctx, []table.Key{one}); return err },
		"Query": func(ctx context.Context) error {
			_, err := e.Query(ctx, table.Query{Table: one.Table, PK: one.PK})
			return err
		},
	} {
		for what, write := range writes {
			for k, holds := range map[table.Key]bool{one: false, other: true} {
				reader, writer := &core.Actor{}, &core.Actor{}
				if err := read(core.WithActor(t.Context(), reader)); err != nil {
					t.Fatal(err)
				}
				if err := write(core.WithActor(t.Context(), writer), k); err != nil {
					t.Fatal(err)
				}
				if reader.Reading().Holds(time.Now()) != holds || writer.Reading().Holds(time.Now()) {
					t.Errorf("%s, then %s of %s: what was read holds: %v", how, what, k.Table, !holds)
				}
			}
		}
	}
}

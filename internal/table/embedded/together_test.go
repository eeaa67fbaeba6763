package embedded

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/karuta-bi/karuta/internal/table"
)

func pairKey(i int) table.Key {
	return table.Key{Table: table.Cards, PK: "pair", SK: fmt.Sprint(i)}
}

func writePair(ctx context.Context, e *Engine, n int64) error {
	it := table.Item{"n": n, "owner_id": "pair", "card_id": fmt.Sprint(n)}
	return e.Transact(ctx, "", []table.Write{table.Put(pairKey(0), it, table.Always()), table.Put(pairKey(1), it, table.Always())})
}

// TestReadersSeeOneMoment: a batch and a query never see a transaction by half.
func TestReadersSeeOneMoment(t *testing.T) {
	e := openTemp(t)
	if err := e.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := writePair(t.Context(), e, 0); err != nil {
		t.Fatal(err)
	}
	var readers sync.WaitGroup
	written := make(chan struct{})
	for range 2 {
		readers.Go(func() {
			for {
				got, err := e.BatchGet(t.Context(), []table.Key{pairKey(0), pairKey(1)})
				if err != nil || got[pairKey(0)].Int("n") != got[pairKey(1)].Int("n") {
					t.Errorf("a batch shows %v, %v", got, err)
				}
				page, err := e.Query(t.Context(), table.Query{Table: table.Cards, Index: table.CardsByOwner, PK: "pair"})
				if err != nil || len(page.Items) != 2 || page.Items[0].Int("n") != page.Items[1].Int("n") {
					t.Errorf("a query shows %v, %v", page.Items, err)
				}
				select {
				case <-written:
					return
				default:
				}
			}
		})
	}
	for n := range int64(100) {
		if err := writePair(t.Context(), e, n); err != nil {
			t.Error(err)
		}
	}
	close(written)
	readers.Wait()
}

// TestCloseWhileInUse: calls in flight end well or are told that it is closed,
// and what was acknowledged is there.
func TestCloseWhileInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "karuta.db")
	e, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	const users = 6
	var all sync.WaitGroup
	acked := make([]int64, users)
	busy := make(chan struct{}, users)
	for i := range users {
		k := table.Key{Table: table.AuditLogs, PK: fmt.Sprint(i)} // shares writes to disk
		all.Go(func() {
			for n := int64(1); ; n++ {
				err := e.Write(t.Context(), table.Put(k, table.Item{"n": n, "timestamp": n}, table.Always()))
				if err == nil {
					_, err = e.Get(t.Context(), k)
					acked[i] = n
				}
				if n == 10 {
					busy <- struct{}{}
				}
				if err != nil {
					if !errors.Is(err, berrors.ErrDatabaseNotOpen) {
						t.Errorf("a call during Close got %v", err)
					}
					return
				}
			}
		})
	}
	for range users {
		<-busy
	}
	for range 2 { // closing what is closed is no error
		all.Go(func() {
			if err := e.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	again, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	for i, n := range acked {
		it, err := again.Get(t.Context(), table.Key{Table: table.AuditLogs, PK: fmt.Sprint(i)})
		if err != nil || it.Int("n") < n {
			t.Errorf("writer %d: %v, %v, acknowledged %d", i, it, err, n)
		}
	}
}

// TestLogsShareWritesToDisk: audit logs written at once need fewer transactions
// than there are of them.
func TestLogsShareWritesToDisk(t *testing.T) {
	e := openTemp(t)
	if err := e.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := lastWrite(t, e)
	const logs = 64
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range logs {
		all.Go(func() {
			<-start
			k := table.Key{Table: table.AuditLogs, PK: fmt.Sprint(i)}
			if err := e.Write(t.Context(), table.Put(k, table.Item{"timestamp": int64(i)}, table.Always())); err != nil {
				t.Error(err)
			}
		})
	}
	close(start)
	all.Wait()
	if n := lastWrite(t, e) - before; n >= logs {
		t.Errorf("%d transactions for %d logs", n, logs)
	}
}

// lastWrite is the number of the file's last transaction that wrote.
func lastWrite(t *testing.T, e *Engine) (id int) {
	t.Helper()
	if err := e.db.View(func(tx *bbolt.Tx) error { id = tx.ID(); return nil }); err != nil {
		t.Fatal(err)
	}
	return id
}

// TestInitBuildsIndexesAnew: after a change of the declaration, with the items
// that are there.
func TestInitBuildsIndexesAnew(t *testing.T) {
	e := openTemp(t)
	if err := e.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	for n := range int64(5) {
		if err := writePair(t.Context(), e, n); err != nil {
			t.Fatal(err)
		}
	}
	cards, _ := table.Lookup(table.Cards)
	err := e.db.Update(func(tx *bbolt.Tx) error { // as an older program left it
		return errors.Join(
			tx.DeleteBucket(indexName(cards, cards.Indexes[0])),
			tx.Bucket(bucketSchema).Put([]byte(cards.Name), []byte("older")),
			second(tx.CreateBucket([]byte("i/cards/Older"))),
		)
	})
	if err != nil {
		t.Fatal(err)
	}
	all, err := e.Tables(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if (len(s.Diffs) > 0) != (s.Name == cards.Name) {
			t.Errorf("table %s differs %q", s.Name, s.Diffs)
		}
	}
	if err := e.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantConsistent(t, e)
	page, err := e.Query(t.Context(), table.Query{Table: table.Cards, Index: table.CardsByOwner, PK: "pair"})
	if err != nil || len(page.Items) != 2 {
		t.Errorf("the new index shows %v, %v", page.Items, err)
	}
	_ = e.db.View(func(tx *bbolt.Tx) error {
		if tx.Bucket([]byte("i/cards/Older")) != nil {
			t.Error("an index that is no longer declared stays")
		}
		return nil
	})
}

func second[T any](_ T, err error) error { return err }

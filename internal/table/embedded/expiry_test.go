package embedded

import (
	"fmt"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/karuta-bi/karuta/internal/table"
)

func entries(t *testing.T, e *Engine, bucket []byte) (n int) {
	t.Helper()
	err := e.db.View(func(tx *bbolt.Tx) error {
		n = tx.Bucket(bucket).Stats().KeyN
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestSweepTakesWhatHasExpiredAndNothingElse(t *testing.T) {
	e := openTemp(t)
	if err := e.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	const expired, living = 2*sweepBatch + 7, 20
	now := time.Now().Unix()
	var ws []table.Write
	for i := range expired + living {
		at := now - int64(i)
		if i >= expired {
			at = now + 3600
		}
		ws = append(ws, table.Put(table.Key{Table: table.Sessions, PK: fmt.Sprint(i), SK: "METADATA"},
			table.Item{"user_id": "u", "session_id": fmt.Sprint(i), "expires_at": at}, table.Always()))
		if len(ws) == table.MaxTransact || i == expired+living-1 {
			if err := e.Transact(t.Context(), "", ws); err != nil {
				t.Fatal(err)
			}
			ws = nil
		}
	}
	// what was to expire and is changed to stay must stay
	kept := table.Key{Table: table.Sessions, PK: "3", SK: "METADATA"}
	if err := e.Write(t.Context(), table.Put(kept, table.Item{"user_id": "u", "session_id": "3"}, table.Always())); err != nil {
		t.Fatal(err)
	}
	if err := e.sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	sessions, _ := table.Lookup(table.Sessions)
	for bucket, want := range map[string]int{
		string(baseName(sessions)): living + 1, string(indexName(sessions, sessions.Indexes[0])): living + 1, string(bucketExpiry): living,
	} {
		if got := entries(t, e, []byte(bucket)); got != want {
			t.Errorf("%s has %d entries, want %d", bucket, got, want)
		}
	}
	wantConsistent(t, e)
}

func TestTokensAreForgottenInTime(t *testing.T) {
	e := openTemp(t)
	if err := e.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	k := table.Key{Table: table.Cards, PK: "a", SK: "METADATA"}
	if err := e.Transact(t.Context(), "token", []table.Write{table.Put(k, nil, table.Always())}); err != nil {
		t.Fatal(err)
	}
	sweepAt := func(now int64) int {
		if err := e.db.Update(func(tx *bbolt.Tx) error { return txn{Tx: tx, now: now}.sweepTokens() }); err != nil {
			t.Fatal(err)
		}
		return entries(t, e, bucketTokens)
	}
	now := time.Now().Unix()
	if n := sweepAt(now + tokenLife - 60); n != 1 {
		t.Errorf("%d tokens while it counts", n)
	}
	if n := sweepAt(now + tokenLife + 1); n != 0 {
		t.Errorf("%d tokens after its time", n)
	}
}

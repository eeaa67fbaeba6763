package dynamo

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/karuta-bi/karuta/internal/table"
)

// An ambiguous write is one whose answer is lost: the writer cannot know
// whether it happened. Each case does it, lets another writer change the item
// before the SDK asks again, and wants the other's change to stay: what is done
// a second time would undo it.
type ambiguous struct {
	name  string
	op    string       // the operation the fault hits
	old   table.Item   // there before
	write table.Write  // with a key to be set
	other *table.Write // by another writer after the first, lost success; nil for none
	want  table.Item   // there in the end
}

var (
	version1 = table.Item{"version": int64(1)}
	version2 = table.Item{"version": int64(2), "v": "mine"}
	version3 = table.Item{"version": int64(3), "v": "other"}

	otherPut    = &table.Write{Op: table.OpPut, Item: version3}
	otherDelete = &table.Write{Op: table.OpDelete}
)

const inTransaction = "TransactWriteItems"

var ambiguousWrites = []ambiguous{
	{"put", "PutItem", version1, table.Put(table.Key{}, version2, table.Always()), nil, version2},
	{"put if absent", inTransaction, nil, table.Put(table.Key{}, version2, table.IfAbsent()), nil, version2},
	{"put if absent, then changed", inTransaction, nil, table.Put(table.Key{}, version2, table.IfAbsent()), otherPut, version3},
	{"put if absent, then deleted", inTransaction, nil, table.Put(table.Key{}, version2, table.IfAbsent()), otherDelete, nil},
	{"put if exists, then changed", inTransaction, version1, table.Put(table.Key{}, version2, table.IfExists()), otherPut, version3},
	{"put if version", inTransaction, version1, table.Put(table.Key{}, version2, table.IfVersion(1)), nil, version2},
	{"put if version, then changed", inTransaction, version1, table.Put(table.Key{}, version2, table.IfVersion(1)), otherPut, version3},
	{"delete", "DeleteItem", version1, table.Delete(table.Key{}, table.Always()), nil, nil},
	{"delete if absent, then put", inTransaction, nil, table.Delete(table.Key{}, table.IfAbsent()), otherPut, version3},
	{"delete if exists", inTransaction, version1, table.Delete(table.Key{}, table.IfExists()), nil, nil},
	{"delete if exists, then put", inTransaction, version1, table.Delete(table.Key{}, table.IfExists()), otherPut, version3},
	{"delete if version", inTransaction, version1, table.Delete(table.Key{}, table.IfVersion(1)), nil, nil},
	{"delete if version, then put", inTransaction, version1, table.Delete(table.Key{}, table.IfVersion(1)), otherPut, version3},
	{"check if version, then changed", inTransaction, version1, table.Check(table.Key{}, table.IfVersion(1)), otherPut, version3},
}

func TestLostAnswersAreNoFailureAndNothingIsDoneTwice(t *testing.T) {
	t.Parallel()
	f, e, plain := openFaulty(t)
	for _, c := range ambiguousWrites {
		for name, broken := range map[string]fault{"lost": lost, "cut": cut} {
			t.Run(c.name+"/"+name, func(t *testing.T) {
				k := table.Key{Table: table.Cards, PK: t.Name(), SK: "METADATA"}
				c.try(t, f, e, plain, k, broken, func(ctx context.Context, w table.Write) error { return e.Write(ctx, w) })
			})
			for _, token := range []string{"", t.Name() + c.name + name} {
				t.Run(fmt.Sprintf("%s/%s/transaction, token %v", c.name, name, token != ""), func(t *testing.T) {
					c := c
					c.op = inTransaction
					k := table.Key{Table: table.Cards, PK: t.Name(), SK: "METADATA"}
					beside := table.Put(table.Key{Table: table.Users, PK: t.Name(), SK: "GUARD"}, nil, table.IfAbsent())
					c.try(t, f, e, plain, k, broken, func(ctx context.Context, w table.Write) error {
						return e.Transact(ctx, token, []table.Write{w, beside})
					})
				})
			}
		}
	}
}

func (c ambiguous) try(t *testing.T, f *faulty, e, plain *Engine, k table.Key, broken fault, do func(context.Context, table.Write) error) {
	if c.old != nil {
		mustWrite(t, plain, table.Put(k, c.old, table.Always()))
	}
	f.lay(c.op, broken.then(func() {
		if c.other != nil {
			other := *c.other
			other.Key = k
			mustWrite(t, plain, other)
		}
	}))
	c.write.Key = k
	if err := do(t.Context(), c.write); err != nil {
		t.Errorf("a write that happened is reported as %v", err)
	}
	f.wantAllHit(t)
	wantItem(t, plain, k, c.want)
}

func mustWrite(t *testing.T, e *Engine, w table.Write) {
	t.Helper()
	if err := e.Write(t.Context(), w); err != nil {
		t.Fatal(err)
	}
}

// wantItem compares versions, which tell the items of these tests apart.
func wantItem(t *testing.T, e *Engine, k table.Key, want table.Item) {
	t.Helper()
	got, err := e.Get(t.Context(), k)
	if err != nil || (got == nil) != (want == nil) || got.Int("version") != want.Int("version") {
		t.Errorf("%s/%s is %v, %v, want %v", k.PK, k.SK, got, err, want)
	}
}

// TestSilentConnectionsAreLeft: a try that hears nothing ends in time for
// another one, which does nothing twice.
func TestSilentConnectionsAreLeft(t *testing.T) {
	t.Parallel()
	f, e, plain := openFaulty(t)
	k := table.Key{Table: table.Cards, PK: t.Name(), SK: "METADATA"}
	f.lay(inTransaction, fault(silent).then(func() { mustWrite(t, plain, table.Put(k, version3, table.Always())) }))
	ctx, cancel := context.WithTimeout(t.Context(), 4*answerWait)
	defer cancel()
	if err := e.Write(ctx, table.Put(k, version2, table.IfAbsent())); err != nil {
		t.Error(err)
	}
	f.wantAllHit(t)
	wantItem(t, plain, k, version3)
}

// TestCallerRepeatsWithItsToken: when not even the SDK gets an answer through,
// the caller may send the same transaction again.
func TestCallerRepeatsWithItsToken(t *testing.T) {
	t.Parallel()
	f, e, plain := openFaulty(t)
	for name, broken := range map[string]fault{"lost": lost, "reset": reset} {
		t.Run(name, func(t *testing.T) {
			k := table.Key{Table: table.Sessions, PK: t.Name(), SK: "METADATA"} // a table whose items expire
			ws := []table.Write{
				table.Put(k, version2, table.IfAbsent()),
				table.Put(table.Key{Table: table.Users, PK: t.Name(), SK: "GUARD"}, nil, table.IfAbsent()),
			}
			f.lay(inTransaction, slices.Repeat([]fault{broken}, tries)...)
			if err := e.Transact(t.Context(), t.Name(), ws); err == nil || table.ConditionFailed(err) != nil {
				t.Fatalf("broken connections gave %v", err)
			}
			f.wantAllHit(t)
			for range 2 {
				if err := e.Transact(t.Context(), t.Name(), ws); err != nil {
					t.Fatal(err)
				}
				wantItem(t, plain, k, version2)
			}
		})
	}
}

// TestConnectionsBreakBeforeTheRequest: what the server never saw is sent again.
func TestConnectionsBreakBeforeTheRequest(t *testing.T) {
	t.Parallel()
	f, e, plain := openFaulty(t)
	for _, c := range ambiguousWrites {
		if c.other != nil {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			k := table.Key{Table: table.Cards, PK: t.Name(), SK: "METADATA"}
			c.try(t, f, e, plain, k, reset, e.Write)
		})
	}
	k := table.Key{Table: table.Cards, PK: t.Name(), SK: "METADATA"}
	mustWrite(t, plain, table.Put(k, version1, table.Always()))
	for _, broken := range []fault{reset, lost, cut} {
		f.lay("GetItem", broken)
		f.lay("BatchGetItem", broken)
		f.lay("Query", broken)
		wantItem(t, e, k, version1)
		if got, err := e.BatchGet(t.Context(), []table.Key{k}); err != nil || len(got) != 1 {
			t.Errorf("batch: %v, %v", got, err)
		}
		if p, err := e.Query(t.Context(), table.Query{Table: k.Table, PK: k.PK}); err != nil || len(p.Items) != 1 {
			t.Errorf("query: %v, %v", p, err)
		}
		f.wantAllHit(t)
	}
}

package tabletest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/table"
)

// Run holds an engine to the contract of [table.Engine]. The function opens an
// engine that Run creates the tables in; it may hold other data already.
func Run(t *testing.T, open func(t *testing.T) table.Engine) {
	e := open(t)
	for range 2 { // Init may be called any number of times
		if err := e.Init(t.Context()); err != nil {
			t.Fatalf("Init: %v", err)
		}
	}
	s := &suite{e: e, run: "0" + rand.Text()[:10]} // not a letter: Dynoxide compares prefixes of an index without regard to case
	for _, part := range []struct {
		name string
		test func(*testing.T)
	}{
		{"Status", s.status},
		{"Values", s.values},
		{"RefusedValues", s.refusedValues},
		{"Conditions", s.conditions},
		{"Transact", s.transact},
		{"TransactToken", s.token},
		{"TransactLimits", s.transactLimits},
		{"Keys", s.keys},
		{"ItemSize", s.itemSize},
		{"Batch", s.batch},
		{"BatchBytes", s.batchBytes},
		{"TextOrder", s.textOrder},
		{"NumberOrder", s.numberOrder},
		{"SameSortKey", s.sameSortKey},
		{"PageBytes", s.pageBytes},
		{"Positions", s.positions},
		{"RefusedQueries", s.refusedQueries},
		{"Sparse", s.sparse},
		{"IndexTypes", s.indexTypes},
		{"Expiry", s.expiry},
		{"ExpiryConditions", s.expiryConditions},
		{"GuardRace", s.guardRace},
		{"VersionRace", s.versionRace},
		{"Cancelled", s.cancelled},
		{"Model", s.model},
	} {
		t.Run(part.name, part.test)
	}
}

// suite is one run. Its tests keep apart by the texts that id gives.
type suite struct {
	e   table.Engine
	run string
}

// id is a text of this run and test.
func (s *suite) id(t *testing.T, name string) string {
	return fmt.Sprintf("%s#%s#%s", s.run, t.Name(), name)
}

func (s *suite) card(t *testing.T, name string) table.Key {
	return table.Key{Table: table.Cards, PK: s.id(t, name), SK: "METADATA"}
}

func (s *suite) put(t *testing.T, k table.Key, it table.Item) {
	t.Helper()
	if err := s.e.Write(t.Context(), table.Put(k, it, table.Always())); err != nil {
		t.Fatalf("put %s/%s: %v", k.PK, k.SK, err)
	}
}

func (s *suite) get(t *testing.T, k table.Key) table.Item {
	t.Helper()
	it, err := s.e.Get(t.Context(), k)
	if err != nil {
		t.Fatalf("get %s/%s: %v", k.PK, k.SK, err)
	}
	return it
}

// want fails unless the item has the key and, beside it, just these attributes.
func (s *suite) want(t *testing.T, k table.Key, it table.Item) {
	t.Helper()
	got := s.get(t, k)
	if it == nil && got == nil {
		return
	}
	of, _ := table.Lookup(k.Table)
	if it == nil || !reflect.DeepEqual(got, of.WithKey(it, k)) {
		t.Errorf("%s/%s is %v, want %v", k.PK, k.SK, got, it)
	}
}

func wantErr(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error is %v, want %v", err, want)
	}
}

// settle tries until the function succeeds: an index may lag behind its table.
func settle(ctx context.Context, try func() error) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-again.C:
		}
	}
}

// walk reads a query to its end in pages and gives the named attribute of each item.
func (s *suite) walk(ctx context.Context, q table.Query, attr string) ([]any, error) {
	var got []any
	for {
		page, err := s.e.Query(ctx, q)
		if err != nil {
			return nil, err
		}
		if q.Limit > 0 && len(page.Items) > q.Limit {
			return nil, fmt.Errorf("%d items on a page, limit %d", len(page.Items), q.Limit)
		}
		for _, it := range page.Items {
			got = append(got, it[attr])
		}
		if page.Last == nil {
			return got, nil
		}
		q.Start = page.Last
	}
}

// wantWalk fails unless the query gives these values, whatever the page's size.
func (s *suite) wantWalk(t *testing.T, q table.Query, attr string, want []any) {
	t.Helper()
	for limit := range len(want) + 2 {
		q.Limit = limit
		err := settle(t.Context(), func() error {
			got, err := s.walk(t.Context(), q, attr)
			if err == nil && !(len(got) == 0 && len(want) == 0) && !reflect.DeepEqual(got, want) {
				err = fmt.Errorf("got %v, want %v", got, want)
			}
			return err
		})
		if err != nil {
			t.Errorf("query %+v: %v", q, err)
		}
	}
}

func (s *suite) status(t *testing.T) {
	all, err := s.e.Tables(t.Context())
	if err != nil || len(all) != len(table.Tables) {
		t.Fatalf("%d tables of %d, error %v", len(all), len(table.Tables), err)
	}
	for _, st := range all {
		if !st.Exists || len(st.Diffs) > 0 {
			t.Errorf("table %s exists %v, differs %q", st.Name, st.Exists, st.Diffs)
		}
	}
}

func (s *suite) cancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	k := s.card(t, "a")
	wantErr(t, s.e.Write(ctx, table.Put(k, table.Item{}, table.Always())), context.Canceled)
	_, err := s.e.Get(ctx, k)
	wantErr(t, err, context.Canceled)
	s.want(t, k, nil)
}

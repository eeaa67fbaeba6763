package store_test

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

func operation(id, document string) *core.Operation {
	return &core.Operation{
		ID: id, Name: "Sales", Type: "query", Hash: core.Hash(document), Version: 2, OwnerID: "usr_x", Class: core.RateAPI,
		Description: "売上", Past: []core.OperationVersion{{Version: 1, Hash: core.Hash("{ a }"), At: store.Now(), By: "operator"}},
		CreatedAt: store.Now(), UpdatedAt: store.Now(), UpdatedBy: "operator",
	}
}

func operationsChangeTogether(t *testing.T, st *world) {
	empty, err := st.Operations.Registry(t.Context())
	if err != nil || empty.Revision != 0 || len(empty.Operations) != 0 {
		t.Fatalf("%+v, %v", empty, err)
	}
	var many []*core.Operation
	documents := map[string]string{}
	for i := range 300 {
		text := fmt.Sprintf("{ f%d }", i)
		documents[core.Hash(text)] = text
		many = append(many, operation(fmt.Sprintf("page/op-%d", i), text))
	}
	st.calls.Take()
	must(t, st.Operations.Change(t.Context(), empty, many, documents))
	all, err := st.Operations.Registry(t.Context())
	must(t, err)
	if all.Revision != 1 || len(all.Operations) != 300 || !reflect.DeepEqual(all.Operations["page/op-7"], many[7]) {
		t.Fatalf("%d operations at %d: %+v", len(all.Operations), all.Revision, all.Operations["page/op-7"])
	}
	texts, err := st.Operations.Documents(t.Context(), []string{many[0].Hash, many[299].Hash, core.Hash("none")})
	if err != nil || len(texts) != 2 || texts[many[299].Hash] != "{ f299 }" {
		t.Errorf("%v, %v", texts, err)
	}
	retired := *many[7]
	retired.RetiredAt = store.Now()
	must(t, st.Operations.Change(t.Context(), all, []*core.Operation{&retired}, nil))
	wantCode(t, st.Operations.Change(t.Context(), all, []*core.Operation{operation("late", "{ late }")}, nil), core.CodeConflict)
	wantCode(t, st.Operations.Change(t.Context(), empty, many[:1], nil), core.CodeConflict)
	after, err := st.Operations.Registry(t.Context())
	if err != nil || after.Revision != 2 || len(after.Operations) != 300 || !after.Operations["page/op-7"].Retired() || after.Operations["page/op-8"].Retired() {
		t.Errorf("%+v, %v", after, err)
	}
}

// Of those that change the registry at once one is first; nobody's change is lost.
func operationsRace(t *testing.T, st *world) {
	var crowd sync.WaitGroup
	for i := range 6 {
		crowd.Go(func() {
			for {
				was, err := st.Operations.Registry(t.Context())
				if err == nil {
					err = st.Operations.Change(t.Context(), was, []*core.Operation{operation(fmt.Sprintf("op-%d", i), "{ a }")}, nil)
				}
				if err == nil || core.CodeOf(err) != core.CodeConflict {
					if err != nil {
						t.Error(err)
					}
					return
				}
			}
		})
	}
	crowd.Wait()
	if all, err := st.Operations.Registry(t.Context()); err != nil || len(all.Operations) != 6 || all.Revision != 6 {
		t.Errorf("%+v, %v", all, err)
	}
}

func theLargestRegistryFits(t *testing.T, st *world) {
	var all []*core.Operation
	for i := range core.MaxOperations {
		op := operation(fmt.Sprintf("%0*d", core.MaxOperationID, i), "{ a }")
		op.Name, op.Description = strings.Repeat("n", 128), strings.Repeat("説", core.MaxOperationWords)
		for len(op.Past) < core.MaxPastVersions {
			op.Past = append(op.Past, op.Past[0])
		}
		all = append(all, op)
	}
	must(t, st.Operations.Change(t.Context(), &core.Registry{}, all, nil))
	if got, err := st.Operations.Registry(t.Context()); err != nil || len(got.Operations) != core.MaxOperations {
		t.Error(err)
	}
}

func usesAddUp(t *testing.T, st *world) {
	first := store.Now()
	use := core.OperationUse{OperationID: "sales", Client: "web", Release: "1.2", Count: 3, FirstAt: first, LastAt: first}
	must(t, st.Operations.AddUse(t.Context(), use))
	var crowd sync.WaitGroup
	for range 4 {
		crowd.Go(func() {
			more := use
			more.Count, more.FirstAt, more.LastAt = 1, first.Add(time.Minute), first.Add(time.Minute)
			if err := st.Operations.AddUse(t.Context(), more); err != nil {
				t.Error(err)
			}
		})
	}
	crowd.Wait()
	must(t, st.Operations.AddUse(t.Context(), core.OperationUse{OperationID: "sales", Client: "app", Count: 1, FirstAt: first, LastAt: first}))
	got, err := st.Operations.Uses(t.Context(), "sales")
	want := []core.OperationUse{
		{OperationID: "sales", Client: "app", Count: 1, FirstAt: first, LastAt: first},
		{OperationID: "sales", Client: "web", Release: "1.2", Count: 7, FirstAt: first, LastAt: first.Add(time.Minute)},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
}

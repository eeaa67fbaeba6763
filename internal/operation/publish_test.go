package operation

import (
	"fmt"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
)

func fates(told []Published) string {
	var words []string
	for _, p := range told {
		words = append(words, fmt.Sprintf("%s %s %d", p.Operation.ID, p.Fate, p.Operation.Version))
	}
	return strings.Join(words, ", ")
}

func TestPublish(t *testing.T) {
	w := newWorld(t)
	w.register("own", "query Own { a }", 0)
	manifest := PublishInput{Class: core.RateSearch, Entries: []Entry{
		{ID: "sales", Document: "query Sales { a }", Name: "Sales", Type: "query"},
		{ID: "stock", Document: "query Stock { a }"},
	}}
	dry := manifest
	dry.DryRun = true
	for step, want := range []string{"sales new 1, stock new 1, own other 1", "sales new 1, stock new 1, own other 1", "sales same 1, stock same 1, own other 1"} {
		in := manifest
		if step == 0 {
			in = dry
		}
		told, err := w.Publish(w.admin, in)
		if err != nil || fates(told) != want {
			t.Fatalf("step %d: %s, %v", step, fates(told), err)
		}
		if there := w.ByID("sales") != nil; there != (step > 0) {
			t.Errorf("step %d: there is %t", step, there)
		}
	}
	manifest.Entries[1].Document = "query Stock { a b }"
	told, err := w.Publish(w.admin, manifest)
	if err != nil || fates(told) != "sales same 1, stock changed 2, own other 1" || w.ByID("stock").Class != core.RateSearch {
		t.Errorf("%s, %v", fates(told), err)
	}
	_, err = w.Publish(w.As(w.User("hanako")), manifest)
	accesstest.Code(t, "not an administrator", err, core.CodeForbidden)
}

// All that is wrong in a manifest is named, and nothing of it is registered.
func TestBadManifests(t *testing.T) {
	w := newWorld(t)
	w.register("retired", "query Retired { a }", 0)
	w.register("own", "query Own { a }", 0)
	_, err := w.Retire(w.admin, "retired")
	w.must(err)
	good := Entry{ID: "good", Document: "query Good { a }"}
	for name, c := range map[string]struct {
		entry Entry
		says  string
	}{
		"a wrong document":        {Entry{ID: "x", Document: "query X { wrong }"}, `Cannot query field`},
		"another name":            {Entry{ID: "x", Document: "query X { a }", Name: "Y"}, `called "Y"`},
		"another type":            {Entry{ID: "x", Document: "query X { a }", Type: "mutation"}, `"mutation"`},
		"an odd id":               {Entry{ID: "*", Document: "query X { a }"}, "letters"},
		"twice":                   {good, "twice"},
		"a retired one":           {Entry{ID: "retired", Document: "query X { a }"}, "retired"},
		"somebody else's":         {Entry{ID: "x", Document: "query Own { a }"}, "another id"},
		"one document, two names": {Entry{ID: "x", Document: good.Document}, "another id"},
	} {
		_, err := w.Publish(w.admin, PublishInput{Entries: []Entry{good, c.entry}})
		accesstest.Code(t, name, err, core.CodeValidation, "bad_manifest")
		if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "operation 2") {
			t.Errorf("%s: %v", name, err)
		}
		if w.ByID("good") != nil {
			t.Fatalf("%s: a part was registered", name)
		}
	}
	_, err = w.Publish(w.admin, PublishInput{})
	accesstest.Code(t, "empty", err, core.CodeValidation, "required")
}

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

// All that is wrong in a manifest is named, in the language that is asked for, and
// nothing of it is registered.
func TestBadManifests(t *testing.T) {
	w := newWorld(t)
	w.register("retired", "query Retired { a }", 0)
	w.register("own", "query Own { a }", 0)
	_, err := w.Retire(w.admin, "retired")
	w.must(err)
	good := Entry{ID: "good", Document: "query Good { a }"}
	for name, c := range map[string]struct {
		entry  Entry
		en, ja string
	}{
		"a wrong document":        {Entry{ID: "x", Document: "query X { wrong }"}, `Operation 2 (id x): This operation does not fit the schema: Cannot query field`, "2番目（ID: x）: この操作はスキーマに合いません"},
		"a deep document":         {Entry{ID: "x", Document: "query X { deep }", Name: "X"}, "Operation 2, “X” (id x): Nobody could ever run this. The fields are nested 14 deep. Please nest at most 12.", "2番目「X」（ID: x）: 登録しても誰も実行できません。項目が14段に入れ子になっています。12段まで"},
		"another name":            {Entry{ID: "x", Document: "query X { a }", Name: "{id}"}, "“{id}” (id x): Its name is “{id}” in the list and “X” in its text", "一覧での名前は「{id}」ですが、本文での名前は「X」です"},
		"another type":            {Entry{ID: "x", Document: "query X { a }", Type: "mutation"}, "Its kind is “mutation” in the list and “query”", "種類は「query」"},
		"no id":                   {Entry{Document: "query X { a }", Name: "X"}, "Operation 2, “X” (id ): It has no id", "IDがありません"},
		"another hash":            {Entry{ID: "sha256:" + core.Hash("x"), Document: "query X { a }"}, "Its id is not the hash of its text", "ハッシュ値ではありません"},
		"no document":             {Entry{ID: "x"}, "no text", "本文がありません"},
		"an odd id":               {Entry{ID: "*", Document: "query X { a }"}, "letters", "英数字"},
		"a long name":             {Entry{ID: "x", Document: "query X { a }", Name: strings.Repeat("表", 200)}, strings.Repeat("表", 128) + "…”", "…」"},
		"twice":                   {good, "An operation before it has the same id", "同じIDの操作が前にもあります"},
		"a retired one":           {Entry{ID: "retired", Document: "query X { a }"}, "retired", "廃止"},
		"somebody else's":         {Entry{ID: "x", Document: "query Own { a }"}, "another id, own", "別のID（own）"},
		"one document, two names": {Entry{ID: "x", Document: good.Document}, "another id, good", "別のID（good）"},
	} {
		for l, says := range map[core.Locale]string{core.English: c.en, core.Japanese: c.ja} {
			_, err := w.Publish(w.admin, PublishInput{Entries: []Entry{good, c.entry}, Locale: l})
			accesstest.Code(t, name, err, core.CodeValidation, "bad_manifest")
			if err != nil && !strings.Contains(Said(l, err), says) {
				t.Errorf("%s: %s", name, Said(l, err))
			}
			if w.ByID("good") != nil {
				t.Fatalf("%s: a part was registered", name)
			}
		}
	}
	for reason, in := range map[string]PublishInput{
		"empty_manifest":      {},
		"too_many_operations": {Entries: make([]Entry, core.MaxOperations+1)},
		"too_long":            {Entries: []Entry{good, {ID: "x", Document: "query X { a }"}}, Description: strings.Repeat("説", 301)}, // once, and not of each
	} {
		_, err = w.Publish(w.admin, in)
		accesstest.Code(t, reason, err, core.CodeValidation, reason)
	}
}

// What is registered and cannot be run, by nobody or not by everybody, is told beside
// what becomes of it.
func TestPublishingTellsWhoCannotRunIt(t *testing.T) {
	w := newWorld(t)
	w.register("old", "query Old { old }", 0)
	w.wrong = "old"
	told, err := w.another().Publish(w.admin, PublishInput{DryRun: true, Entries: []Entry{{ID: "dear", Document: "query Dear { dear }"}, {ID: "any", Document: "query Any { a }"}}})
	if err != nil || fates(told) != "dear new 1, any new 1, old other 1" {
		t.Fatalf("%s, %v", fates(told), err)
	}
	for i, says := range []string{"Only administrators can run this: it costs at least 20000, and everybody else has 10000.", "", "does not fit the schema"} {
		if note := told[i].Note; (note == nil) != (says == "") || note != nil && !strings.Contains(Said(core.English, note), says) {
			t.Errorf("%s: %v", told[i].Operation.ID, note)
		}
	}
}

package card_test

import (
	"testing"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/card"
	"github.com/karuta-bi/karuta/internal/core"
)

// The same id is the same bytes, made from the same; everything that a result
// depends on has ids of its own.
func TestSnapshotNamesWhatItWasMadeFrom(t *testing.T) {
	w := newWorld(t)
	w.executor.Card = func(r client.CardRequest) client.CardReply {
		return client.CardReply{HTML: r.Code + string(r.Params), Libraries: "a"}
	}
	run := func(s *card.Service, in card.ExecuteInput) *core.CardResult {
		t.Helper()
		in.CardID = w.card.ID
		r, err := s.Execute(w.As(w.owner), in)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	first := run(w.s, card.ExecuteInput{})
	if again := run(w.s, card.ExecuteInput{}); first.SnapshotID == "" || again.SnapshotID != first.SnapshotID || again.Cached {
		t.Errorf("run again: %q, before %q", again.SnapshotID, first.SnapshotID)
	}
	if kept := run(w.s, card.ExecuteInput{UseCache: true}); kept.SnapshotID != first.SnapshotID || !kept.Cached {
		t.Errorf("from the cache: %+v", kept)
	}
	seen := map[string]string{first.SnapshotID: "the first"}
	differs := func(what string, r *core.CardResult) {
		t.Helper()
		if before := seen[r.SnapshotID]; before != "" || r.SnapshotID == "" {
			t.Errorf("%s has the id of %s", what, before)
		}
		seen[r.SnapshotID] = what
	}
	differs("another filter", run(w.s, card.ExecuteInput{Filters: []core.FilterValue{{Column: "地域", Values: []string{"関西"}}}}))
	differs("another platform", run(w.service(t, card.Config{Platform: "2"}), card.ExecuteInput{}))
	w.executor.Card = func(r client.CardRequest) client.CardReply { return client.CardReply{HTML: r.Code, Libraries: "b"} }
	differs("another library", run(w.s, card.ExecuteInput{}))
	w.executor.Card = func(client.CardRequest) client.CardReply { return client.CardReply{HTML: "by chance", Libraries: "b"} }
	differs("other bytes from the same", run(w.s, card.ExecuteInput{}))
	params := `{"a":1}`
	if _, err := w.s.Update(w.As(w.owner), card.Change{ID: w.card.ID, Version: 1, Params: &params}); err != nil {
		t.Fatal(err)
	}
	differs("other parameters", run(w.s, card.ExecuteInput{}))
	snap, err := w.s.Snapshot(w.As(w.owner), first.SnapshotID, "")
	if err != nil || snap.Result.HTML != first.HTML || snap.Params != "{}" || snap.Code != w.card.Code || snap.CardName != w.card.Name {
		t.Errorf("the card as it was: %+v, %v", snap, err)
	}
}

// A snapshot is open to those who may see the same now, and nothing else tells
// that it exists.
func TestWhoSeesASnapshot(t *testing.T) {
	w := newWorld(t)
	part := core.FilterValue{Column: "地域", Values: []string{"関西"}}
	whole, narrow := w.mustOnPage(t, w.viewer), w.mustOnPage(t, w.viewer, part)
	beyond, err := w.s.Execute(w.As(w.owner), card.ExecuteInput{CardID: w.card.ID, Filters: []core.FilterValue{{Column: "日付", From: "2024-01-01", To: "2024-01-01"}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		who  *core.User
		id   string
		page string
		ok   bool
	}{
		{"viewer on the page", w.viewer, whole.SnapshotID, w.page.ID, true},
		{"viewer, narrowed", w.viewer, narrow.SnapshotID, w.page.ID, true},
		{"viewer without the page", w.viewer, whole.SnapshotID, "", false},
		{"owner", w.owner, whole.SnapshotID, "", true},
		{"administrator", w.admin, narrow.SnapshotID, "", true},
		{"stranger", w.other, whole.SnapshotID, w.page.ID, false},
		{"stranger without the page", w.other, whole.SnapshotID, "", false},
		{"nothing under the id", w.owner, "snap_" + "00000000000000000000000000000000_0000000000000000", "", false},
		{"owner, by the page's filters", w.owner, beyond.SnapshotID, "", true},
	} {
		snap, err := w.s.Snapshot(w.As(c.who), c.id, c.page)
		if c.ok && (err != nil || snap.Result.HTML == "") {
			t.Errorf("%s: %v", c.name, err)
		}
		if !c.ok {
			accesstest.Code(t, c.name, err, core.CodeNotFound)
		}
		if c.ok && c.who == w.viewer && (snap.Code != "" || snap.Result.Log != "") {
			t.Errorf("%s reads the code or what it printed", c.name)
		}
	}
	if _, err := w.Store.Datasets.Edit(t.Context(), w.data.ID, 0, func(d *core.Dataset) error {
		d.Policies = []core.Policy{{ID: core.NewID(core.NounPolicy), Name: "一部", Hidden: []string{"日付"}}}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	_, err = w.s.Snapshot(w.As(w.viewer), whole.SnapshotID, w.page.ID)
	accesstest.Code(t, "what was open before the policy", err, core.CodeNotFound)
	_, err = w.s.Snapshot(w.As(w.viewer), "../x", w.page.ID)
	accesstest.Code(t, "no id", err, core.CodeValidation, "bad_id")
}

func TestSnapshotsAreKeptLonger(t *testing.T) {
	w := newWorld(t)
	r := w.mustOnPage(t, w.viewer)
	for _, c := range []struct {
		days int
		left int
	}{{30, 1}, {61, 0}} {
		w.blobs.Age(time.Duration(c.days) * 24 * time.Hour)
		if err := w.s.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if keys := w.blobs.Keys(); len(keys) != c.left {
			t.Errorf("kept %v", keys)
		}
	}
	_, err := w.s.Snapshot(w.As(w.owner), r.SnapshotID, "")
	accesstest.Code(t, "swept", err, core.CodeNotFound)
}

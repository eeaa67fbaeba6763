package store_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// gone deletes a dataset at the time and gives what is kept of it.
func (w *world) gone(t *testing.T, d *core.Dataset, at time.Time) *core.DeletedDataset {
	t.Helper()
	must(t, w.Datasets.Delete(t.Context(), d, at))
	gone, err := w.Datasets.Deleted(t.Context(), d.ID)
	if err != nil || gone == nil {
		t.Fatalf("kept %+v, %v", gone, err)
	}
	return gone
}

func aDeletedDatasetIsNowhereUntilItComesBack(t *testing.T, st *world) {
	owner, ctx := core.NewID(core.NounUser), t.Context()
	d, stays := st.dataset(t, owner, "d"), st.dataset(t, owner, "stays")
	stale := *d
	edited, err := st.Datasets.Edit(ctx, d.ID, d.Version, func(d *core.Dataset) error {
		d.Name, d.Policies = "new", []core.Policy{{ID: "p", Name: "p", Hidden: []string{"a"}}}
		return nil
	})
	must(t, err)
	wantCode(t, st.Datasets.Delete(ctx, &stale, store.Now()), core.CodeConflict)
	versions, err := st.Datasets.Versions(ctx, d.ID)
	must(t, err)
	at := store.Now()
	gone := st.gone(t, edited, at)
	if !gone.DeletedAt.Equal(at) || gone.OwnerID != owner || gone.Purging || !reflect.DeepEqual(gone.Policies, edited.Policies) {
		t.Errorf("kept %+v", gone)
	}
	if got, err := st.Datasets.Get(ctx, d.ID); got != nil || err != nil {
		t.Errorf("still there: %v, %v", got, err)
	}
	many, err := st.Datasets.Many(ctx, []string{d.ID, stays.ID})
	if err != nil || len(many) != 1 || many[stays.ID] == nil {
		t.Errorf("many: %v, %v", many, err)
	}
	mine, err := st.Datasets.ByOwner(ctx, owner, core.PageArgs{First: 9})
	must(t, err)
	all, err := st.Datasets.List(ctx, core.PageArgs{First: 100})
	must(t, err)
	isIt := func(x *core.Dataset) bool { return x.ID == d.ID }
	if len(mine.Nodes) != 1 || slices.ContainsFunc(all.Nodes, isIt) {
		t.Errorf("it is listed: %v, %v", mine.Cursors, all.Cursors)
	}
	wantCode(t, st.Datasets.Delete(ctx, edited, store.Now()), core.CodeNotFound)
	card := &core.Card{ID: core.NewID(core.NounCard), Kind: core.CardCode, Name: "c", OwnerID: owner, DatasetID: d.ID}
	wantCode(t, st.Cards.Create(ctx, card), core.CodeNotFound)
	again, job := *edited, st.job(t, owner)
	again.Version = 0
	wantCode(t, st.Datasets.Publish(ctx, &again, &core.DatasetVersion{DatasetID: d.ID, Number: 9}, job), core.CodeConflict)

	back, err := st.Datasets.Undelete(ctx, gone)
	must(t, err)
	got, err := st.Datasets.Get(ctx, d.ID)
	if err != nil || !reflect.DeepEqual(got, back) {
		t.Errorf("back as %+v, %v, told %+v", got, err, back)
	}
	edited.Version = got.Version
	if !reflect.DeepEqual(got, edited) {
		t.Errorf("back as %+v, was %+v", got, edited)
	}
	if after, err := st.Datasets.Versions(ctx, d.ID); err != nil || !reflect.DeepEqual(after, versions) {
		t.Errorf("versions %+v, %v", after, err)
	}
	_, err = st.Datasets.Undelete(ctx, gone)
	wantCode(t, err, core.CodeConflict)
	must(t, st.Cards.Create(ctx, card))
	wantCode(t, st.Datasets.Delete(ctx, got, store.Now()), core.CodeValidation)
}

func deletedDatasetsRunNewestFirst(t *testing.T, st *world) {
	owner, heir, other, ctx := core.NewID(core.NounUser), core.NewID(core.NounUser), core.NewID(core.NounUser), t.Context()
	began := store.Now()
	var mine, every []string
	for i, ownerID := range []string{owner, other, owner, owner} {
		gone := st.gone(t, st.dataset(t, ownerID, "d"), began.Add(time.Duration(i)*time.Hour))
		every = slices.Insert(every, 0, gone.ID)
		if ownerID == owner {
			mine = slices.Insert(mine, 0, gone.ID)
		}
	}
	of := func(ownerID string, since time.Time) []string {
		return walk(t, func(p core.PageArgs) (core.Page[*core.DeletedDataset], error) {
			if _, err := core.NewPageArgs(&p.First, &p.After, 2); err != nil {
				t.Errorf("a cursor of %d bytes is refused: %v", len(p.After), err)
			}
			return st.Datasets.DeletedOf(ctx, ownerID, since, p)
		}, func(d *core.DeletedDataset) string { return d.ID })
	}
	wantIDs(t, "by owner", of(owner, began), mine)
	wantIDs(t, "everybody's", of("", began), every)
	wantIDs(t, "since", of("", began.Add(time.Hour)), every[:3])
	due, err := st.Datasets.Outdated(ctx, began.Add(time.Hour))
	if err != nil || len(due) != 2 || due[0].ID != every[3] || due[1].ID != every[2] {
		t.Errorf("outdated %+v, %v", due, err)
	}
	for _, bad := range []string{"x", "#", every[0], "2026-01-01T00:00:00.000Z#" + core.NewID(core.NounCard)} {
		_, err := st.Datasets.DeletedOf(ctx, owner, began, core.PageArgs{First: 2, After: bad})
		wantCode(t, err, core.CodeValidation)
	}
	_, err = st.Datasets.TransferDeleted(ctx, store.Handover{ID: mine[0], FromID: other, ToID: heir})
	wantCode(t, err, core.CodeConflict)
	given, err := st.Datasets.TransferDeleted(ctx, store.Handover{ID: mine[0], FromID: owner, ToID: heir})
	must(t, err)
	wantIDs(t, "what is left", of(owner, began), mine[1:])
	wantIDs(t, "the heir's", of(heir, began), mine[:1])
	back, err := st.Datasets.Undelete(ctx, given)
	if err != nil || back.OwnerID != heir {
		t.Errorf("back as %+v, %v", back, err)
	}
	if none, err := st.Datasets.TransferDeleted(ctx, store.Handover{ID: mine[0], FromID: heir, ToID: owner}); none != nil || err != nil {
		t.Errorf("what is back is given as deleted: %+v, %v", none, err)
	}
}

func whatIsPurgedLeavesItsHistoryAlone(t *testing.T, st *world) {
	owner, ctx := core.NewID(core.NounUser), t.Context()
	d := st.dataset(t, owner, "d")
	versions, err := st.Datasets.Versions(ctx, d.ID)
	must(t, err)
	second := *versions[0]
	second.Number = 2
	at := *d
	at.DataVersion = 2
	must(t, st.Datasets.Publish(ctx, &at, &second, st.job(t, owner)))
	must(t, st.Datasets.Retire(ctx, versions[0], store.Now()))
	gone := st.gone(t, &at, store.Now())
	given, err := st.Datasets.Forgo(ctx, gone)
	if err != nil || given == nil || !given.Purging {
		t.Fatalf("forgone %+v, %v", given, err)
	}
	if twice, err := st.Datasets.Forgo(ctx, gone); twice != nil || err != nil {
		t.Errorf("forgone twice: %+v, %v", twice, err)
	}
	_, err = st.Datasets.Undelete(ctx, gone)
	wantCode(t, err, core.CodeConflict)
	for _, want := range []bool{true, false} {
		if mine, err := st.Datasets.Purge(ctx, given); err != nil || mine != want {
			t.Errorf("purged: %t, %v", mine, err)
		}
	}
	left, err := st.Datasets.Versions(ctx, d.ID)
	must(t, err)
	retired, err := st.Datasets.Retired(ctx, d.ID)
	must(t, err)
	if kept, err := st.Datasets.Deleted(ctx, d.ID); kept != nil || err != nil || len(left)+len(retired) > 0 {
		t.Errorf("left: %+v, %v, %d versions, %d retired", kept, err, len(left), len(retired))
	}
	st.wantHistory(t, d.ID, "created by  with "+owner, "deleted by ")
}

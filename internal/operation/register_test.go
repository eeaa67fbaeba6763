package operation

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

func TestVersions(t *testing.T) { // API-6
	w := newWorld(t)
	const first, second = "query Sales { a }", "query Sales { a b }"
	made := w.register("sales", first, 0)
	if made.Version != 1 || made.Name != "Sales" || made.Type != "query" || made.Class != core.RateAPI || made.OwnerID == "" {
		t.Fatalf("%+v", made)
	}
	if again := w.register("sales", first, 0); again.Version != 1 || len(w.Events(core.EventOperationRegistered)) != 1 {
		t.Errorf("the same once more is %+v", again)
	}
	_, err := w.Register(w.admin, RegisterInput{ID: "sales", Document: second})
	accesstest.Code(t, "no version", err, core.CodeDuplicate, "operation")
	_, err = w.Register(w.admin, RegisterInput{ID: "sales", Document: second, Version: new(int64(7))})
	accesstest.Code(t, "another version", err, core.CodeConflict)
	if next := w.register("sales", second, 1); next.Version != 2 || len(next.Past) != 1 || next.Past[0].Hash != core.Hash(first) {
		t.Errorf("%+v", next)
	}
	other := w.another() // what it knows it has read
	for name, want := range map[string]struct {
		found    *Registered
		document string
	}{
		"by id":            {w.ByID("sales"), second},
		"by hash":          {w.ByHash(core.Hash(second)), second},
		"by the old hash":  {w.ByHash(core.Hash(first)), first},
		"by hash as an id": {w.ByID("sha256:" + core.Hash(first)), first},
		"in another":       {other.ByID("sales"), second},
	} {
		if want.found == nil || want.found.Document != want.document || want.found.ID != "sales" {
			t.Errorf("%s: %+v", name, want.found)
		}
	}
	_, err = w.Register(w.admin, RegisterInput{ID: "other", Document: first})
	accesstest.Code(t, "the same document", err, core.CodeDuplicate, "operation_document")
	back := w.register("sales", first, 2)
	if len(back.Past) != 1 || back.Past[0].Hash != core.Hash(second) {
		t.Errorf("%+v", back)
	}
	_, err = w.Retire(w.admin, "sales")
	w.must(err)
	if _, err = w.Retire(w.admin, "sales"); err != nil || len(w.Events(core.EventOperationRetired)) != 1 {
		t.Errorf("retired twice: %v", err)
	}
	if w.ByID("sales") != nil || w.ByHash(core.Hash(first)) != nil || w.ByHash(core.Hash(second)) != nil {
		t.Error("it still answers")
	}
	if other.ByID("sales") == nil {
		t.Error("another process knows without looking")
	}
	if w.must(other.follow(t.Context())); other.ByID("sales") != nil {
		t.Error("it still answers in another process")
	}
	_, err = w.Register(w.admin, RegisterInput{ID: "sales", Document: second, Version: new(int64(3))})
	accesstest.Code(t, "a retired one", err, core.CodeValidation, "retired")
}

func TestVersionsKept(t *testing.T) {
	w := newWorld(t)
	for v := range core.MaxPastVersions + 3 {
		w.register("sales", fmt.Sprintf("query Sales { a%d }", v), int64(v))
	}
	for v := range core.MaxPastVersions + 3 {
		if got := w.ByHash(core.Hash(fmt.Sprintf("query Sales { a%d }", v))); (got != nil) != (v >= 2) {
			t.Errorf("version %d: %+v", v+1, got)
		}
	}
}

func TestWhoRegisters(t *testing.T) {
	w := newWorld(t)
	owner, stranger := w.User("hanako"), w.User("taro")
	in := RegisterInput{ID: "sales", Document: "query Sales { a }"}
	_, err := w.Register(w.As(owner), in)
	accesstest.Code(t, "a new one", err, core.CodeForbidden, "admin_only")
	in.OwnerID = owner.ID
	_, err = w.Register(w.admin, in)
	w.must(err)
	in.Version, in.Document, in.OwnerID = new(int64(1)), "query Sales { b }", ""
	_, err = w.Register(w.As(stranger), in)
	accesstest.Code(t, "a stranger's version", err, core.CodeForbidden, "admin_only")
	next, err := w.Register(w.As(owner), in)
	if err != nil || next.OwnerID != owner.ID || next.Version != 2 {
		t.Errorf("%+v, %v", next, err)
	}
	_, err = w.Operation(w.As(stranger), "sales")
	accesstest.Code(t, "a stranger looks", err, core.CodeNotFound)
	_, err = w.Retire(w.As(stranger), "sales")
	accesstest.Code(t, "a stranger retires", err, core.CodeNotFound)
	for who, want := range map[*core.User]int{owner: 1, stranger: 0} {
		page, err := w.Operations(w.As(who), false, core.PageArgs{First: 10})
		if err != nil || len(page.Nodes) != want {
			t.Errorf("%s lists %d, %v", who.Name, len(page.Nodes), err)
		}
	}
	_, err = w.Retire(w.As(owner), "sales")
	w.must(err)
}

func TestBadOperations(t *testing.T) {
	w := newWorld(t)
	gone := w.User("gone")
	_, err := w.Store.Users.Edit(t.Context(), gone.ID, func(u *core.User) error { u.DeactivatedAt = store.Now(); return nil })
	w.must(err)
	good := RegisterInput{ID: "sales", Document: "query Sales { a }"}
	for name, c := range map[string]struct {
		change func(*RegisterInput)
		field  string
		reason string
	}{
		"no id":            {func(in *RegisterInput) { in.ID = "" }, "input.operationId", "required"},
		"a long id":        {func(in *RegisterInput) { in.ID = strings.Repeat("x", 129) }, "input.operationId", "too_long"},
		"a hash as an id":  {func(in *RegisterInput) { in.ID = "sha256:" + core.Hash("x") }, "input.operationId", "bad_operation_id"},
		"an odd id":        {func(in *RegisterInput) { in.ID = "/sales" }, "input.operationId", "bad_operation_id"},
		"no document":      {func(in *RegisterInput) { in.Document = "" }, "input.document", "required"},
		"a long document":  {func(in *RegisterInput) { in.Document = strings.Repeat(" ", core.MaxOperationText+1) }, "input.document", "text_too_large"},
		"a wrong document": {func(in *RegisterInput) { in.Document = "query Sales { wrong }" }, "input.document", "bad_document"},
		"a deep document":  {func(in *RegisterInput) { in.Document = "query Sales { deep }" }, "input.document", "never_runs"},
		"no name":          {func(in *RegisterInput) { in.Document = "query unnamed { a }" }, "input.document", "one_named_operation"},
		"many words":       {func(in *RegisterInput) { in.Description = strings.Repeat("説", 301) }, "input.description", "too_long"},
		"cards":            {func(in *RegisterInput) { in.Class = core.RateCards }, "input.rateClass", "bad_choice"},
		"a bad version":    {func(in *RegisterInput) { in.Version = new(int64(-1)) }, "input.version", "bad_value"},
		"a locked owner":   {func(in *RegisterInput) { in.OwnerID = gone.ID }, "input.ownerId", "inactive"},
	} {
		in := good
		c.change(&in)
		_, err := w.Register(w.admin, in)
		accesstest.Code(t, name, err, core.CodeValidation, c.reason)
		if e, is := err.(*core.Error); is && e.Field != c.field {
			t.Errorf("%s: at %s", name, e.Field)
		}
	}
	good.Version = new(int64(1))
	_, err = w.Register(w.admin, good)
	accesstest.Code(t, "a version of none", err, core.CodeNotFound)
	if all, err := w.Operations(w.admin, true, core.PageArgs{First: 10}); err != nil || len(all.Nodes) != 0 {
		t.Errorf("%d operations, %v", len(all.Nodes), err)
	}
}

// Those who register at once are all done, and of one operation's next version
// one is first.
func TestRegisteringRaces(t *testing.T) {
	w := newWorld(t)
	w.register("sales", "query Sales { a }", 0)
	var crowd sync.WaitGroup
	codes := make([]core.Code, 4)
	for i := range codes {
		crowd.Go(func() {
			_, err := w.another().Register(w.admin, RegisterInput{ID: "sales", Document: fmt.Sprintf("query Sales { b%d }", i), Version: new(int64(1))})
			codes[i] = core.CodeOf(err)
		})
		crowd.Go(func() {
			if _, err := w.another().Register(w.admin, RegisterInput{ID: fmt.Sprintf("page-%d", i), Document: fmt.Sprintf("query Page { b%d }", i)}); err != nil {
				t.Error(err)
			}
		})
	}
	crowd.Wait()
	done := 0
	for _, c := range codes {
		if c == "" {
			done++
		} else if c != core.CodeConflict {
			t.Error(c)
		}
	}
	if done != 1 {
		t.Errorf("%d next versions", done)
	}
}

// What does not fit the schema any more is named, and which version it is.
func TestBrokenOperations(t *testing.T) {
	w := newWorld(t)
	w.register("b", "query B { old }", 0)
	w.register("a", "query A { old }", 0)
	w.register("a", "query A { a }", 1)
	w.register("c", "query C { old }", 0)
	_, err := w.Retire(w.admin, "c")
	w.must(err)
	w.wrong = "old"
	got := w.another().Broken()
	if len(got) != 2 || got[0].ID != "a" || got[0].Present || got[0].Version != 1 || got[1].ID != "b" || !got[1].Present || Said(core.English, got[1].Problem) != `This operation does not fit the schema: Cannot query field "wrong"` {
		t.Errorf("%+v", got)
	}
}

package operation

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
)

// world is a service over an empty store. A document is good where it begins
// with "query Name" or "mutation Name" and says neither "wrong" nor "deep"; what is
// "dear" is for administrators alone.
type world struct {
	*accesstest.World
	*Service
	t     *testing.T
	admin context.Context
	wrong string // what the schema does not have
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{World: accesstest.New(t), t: t, wrong: "wrong"}
	w.Service = w.another()
	w.admin = w.As(w.Admin("admin"))
	return w
}

// another is a service of another process over the same store.
func (w *world) another() *Service {
	s := New(Deps{Store: w.Store, Gate: w.Gate, Audit: w.Audit, Log: w.Log, Check: w.judgeText})
	w.must(s.Load(w.t.Context()))
	return s
}

func (w *world) judgeText(text string) (Facts, error) {
	words := strings.Fields(text)
	if len(words) < 3 || strings.Contains(text, w.wrong) {
		return Facts{}, errors.New(`Cannot query field "wrong"`)
	}
	facts := Facts{Type: words[0], Name: words[1]}
	switch {
	case facts.Name == "unnamed":
		return Facts{}, core.Invalid("", "one_named_operation")
	case strings.Contains(text, "deep"):
		return facts, &core.Error{Code: core.CodeQueryCost, Reason: "depth", Args: map[string]any{"asked": 14, "allowed": 12}}
	case strings.Contains(text, "dear"):
		facts.Caveat = &core.Error{Code: core.CodeQueryCost, Reason: "admins_alone", Args: map[string]any{"asked": 20000, "allowed": 10000}}
	}
	return facts, nil
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) register(id, document string, version int64) *core.Operation {
	w.t.Helper()
	in := RegisterInput{ID: id, Document: document}
	if version > 0 {
		in.Version = &version
	}
	op, err := w.Register(w.admin, in)
	w.must(err)
	return op
}

package app

import (
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/config"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/operation"
)

// What does not fit the schema any more lets no API start that others depend on,
// and the operator reads which it is and how to go on.
func TestBrokenOperationsLetNothingStart(t *testing.T) {
	w := accesstest.New(t)
	system := core.AsSystem(t.Context(), "operator")
	fits := func(string) (operation.Facts, error) { return operation.Facts{Name: "Sales", Type: "query"}, nil }
	before := operation.New(operation.Deps{Store: w.Store, Gate: w.Gate, Audit: w.Audit, Log: w.Log, Check: fits})
	if _, err := before.Register(system, operation.RegisterInput{ID: "sales", Document: "query Sales { old }"}); err != nil {
		t.Fatal(err)
	}
	now := operation.New(operation.Deps{Store: w.Store, Gate: w.Gate, Audit: w.Audit, Log: w.Log, Check: func(string) (operation.Facts, error) {
		return operation.Facts{}, errors.New(`Cannot query field "old"`)
	}})
	a := &App{Operations: now, Log: slog.New(slog.DiscardHandler)}
	for env, starts := range map[config.Env]bool{config.Local: true, config.Staging: false, config.Production: false} {
		a.Config.Env = env
		err := a.loadOperations(t.Context())
		if (err == nil) != starts {
			t.Errorf("%s: %v", env, err)
		}
		for _, word := range []string{"sales, version 1", `"old"`, "karuta pq retire"} {
			if err != nil && !strings.Contains(err.Error(), word) {
				t.Errorf("%s does not say %s: %v", env, word, err)
			}
		}
	}
	if _, err := now.Retire(system, "sales"); err != nil {
		t.Fatal(err)
	}
	if err := a.loadOperations(t.Context()); err != nil {
		t.Errorf("after it was retired: %v", err)
	}
}

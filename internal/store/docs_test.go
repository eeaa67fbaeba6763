package store_test

import (
	"context"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/karuta-bi/karuta/internal/table"
)

// attributes are the names of what the stories write, by table.
type attributes struct {
	mu   sync.Mutex
	seen map[string]map[string]bool
}

// by is the engine with each write looked at.
func (a *attributes) by(e table.Engine) table.Engine { return &looked{Engine: e, at: a} }

type looked struct {
	table.Engine
	at *attributes
}

func (l *looked) Write(ctx context.Context, w table.Write) error {
	l.at.add(w)
	return l.Engine.Write(ctx, w)
}

func (l *looked) Transact(ctx context.Context, token string, ws []table.Write) error {
	l.at.add(ws...)
	return l.Engine.Transact(ctx, token, ws)
}

func (a *attributes) add(ws ...table.Write) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, w := range ws {
		if a.seen[w.Key.Table] == nil {
			a.seen[w.Key.Table] = map[string]bool{}
		}
		for name := range w.Item {
			a.seen[w.Key.Table][name] = true
		}
	}
}

// wantTold fails where docs/storage.md leaves an attribute out.
func (a *attributes) wantTold(t *testing.T) {
	t.Helper()
	page, err := os.ReadFile("../../docs/storage.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range table.Tables {
		_, section, _ := strings.Cut(string(page), "### bi_"+d.Name+"\n")
		section, _, _ = strings.Cut(section, "\n##")
		if len(a.seen[d.Name]) == 0 {
			t.Errorf("no story writes to %s", d.Name)
		}
		for name := range a.seen[d.Name] {
			if !strings.Contains(section, "`"+name+"`") {
				t.Errorf("docs/storage.md does not tell the attribute %s of %s", name, d.Name)
			}
		}
	}
}

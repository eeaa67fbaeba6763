package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
)

const manifestHead = `{"format": "apollo-persisted-query-manifest", "version": 1, "operations": [`

// The verbs of registered operations, on data that no server has open.
func TestPublishing(t *testing.T) {
	dir := t.TempDir()
	at := func(args ...string) []string { return append([]string{"--data-dir", dir, "pq"}, args...) }
	runbook := filepath.Join("..", "..", "schema", "operations", "runbook.json")
	if s := karuta(t, "", at("diff", runbook)...); s.code != exitFailed || !strings.Contains(s.out, "6 new, 0 changed, 0 the same") {
		t.Fatalf("exit %d: %s%s", s.code, s.out, s.err)
	}
	if out := ok(t, "", at("publish", runbook, "--dry-run")...); !strings.Contains(out, "6 new") || strings.Count(ok(t, "", at("list")...), "\n") != 1 {
		t.Fatalf("a dry run: %s", out)
	}
	ok(t, "Kirei-na-hana-1\n", "--data-dir", dir, "user", "create", "--email", "hanako@example.com", "--role", "user", "--password-stdin")
	ok(t, "", at("publish", runbook, "--email", "hanako@example.com")...)
	if out := ok(t, "", at("diff", runbook)...); !strings.Contains(out, "0 new, 0 changed, 6 the same, 0 not in the manifest") {
		t.Errorf("the same once more: %s", out)
	}
	text, err := os.ReadFile(runbook)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(text), "rowCount bytes", "rowCount", 1)
	if out := ok(t, changed, at("publish", "-")...); !strings.Contains(out, "0 new, 1 changed, 5 the same") {
		t.Errorf("another version: %s", out)
	}
	// as editors on Windows leave it, and as other tools write theirs
	if out := ok(t, "\ufeff"+changed, at("publish", "-")...); !strings.Contains(out, "6 the same") {
		t.Errorf("with a byte order mark: %s", out)
	}
	byID := `{"0cc175b9c0f1b6a831c399e269772661": "query Mine { me { id } }", "pages/b": "query B { me { email } }"}`
	if out := ok(t, byID, at("publish", "-", "--dry-run")...); !strings.Contains(out, "\nMine          0cc175b9c0f1b6a831c399e269772661  query     1        new") || !strings.Contains(out, "2 new") {
		t.Errorf("documents by id: %s", out)
	}
	mine := "query Mine { me { id } }"
	byHash := `{"sha256:` + core.Hash(mine) + `": "` + mine + `"}` // as GraphQL Code Generator 6 writes ids
	if out := ok(t, byHash, at("publish", "-", "--dry-run")...); !strings.Contains(out, "\nMine          "+core.Hash(mine)+"  query     1        new") {
		t.Errorf("by hash: %s", out)
	}
	if out := ok(t, "", at("retire", "runbook/dataset")...); !strings.Contains(out, "hanako@example.com") {
		t.Errorf("whose it was is not told: %s", out)
	}
	if s := karuta(t, "", at("retire", "nothing")...); s.code != exitRefused {
		t.Errorf("what is not there: exit %d: %s", s.code, s.err)
	}
	for name, c := range map[string]struct{ manifest, says string }{
		"no JSON":          {"x", "karuta: This is no list of operations"},
		"another form":     {`{"version": 1, "operations": []}`, "This is no list of operations"},
		"cut off":          {manifestHead + "\n\n{\"id\"", "stops making sense on line 3"},
		"another kind":     {"\n" + manifestHead + `{"id": 7}]}`, "stops making sense on line 2"},
		"nothing in it":    {manifestHead + `]}`, "no operation in the list"},
		"no document":      {`{}`, "This is no list of operations"},
		"one id twice":     {`{"b": "query B { me { id } }", "a": "query A { me { id } }", "a": "query C { me { email } }"}`, "\nOperation 3 (id a): An operation before it has the same id"},
		"a wrong document": {manifestHead + `{"id": "x", "name": "X", "type": "query", "body": "query X { nothing }"}]}`, "\nOperation 1, “X” (id x): This operation does not fit the schema"},
		"a retired one":    {changed, "(id runbook/dataset): This operation has been retired"},
	} {
		if s := karuta(t, c.manifest, at("publish", "-")...); s.code != exitUsage || s.out != "" || !strings.Contains(s.err, c.says) {
			t.Errorf("%s: exit %d: %s%s", name, s.code, s.out, s.err)
		}
	}
	if out := ok(t, "", at("list", "--retired")...); strings.Count(out, "\n") != 7 || !strings.Contains(out, "runbook/dataset") {
		t.Errorf("listed: %s", out)
	}
}

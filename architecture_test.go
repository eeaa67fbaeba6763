package karuta_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/karuta-bi/karuta/"

// floors lists the rooms from the ground up. A room imports rooms of lower
// floors only, so a change is felt upwards and never downwards.
var floors = [][]string{
	{"internal/core", "internal/drain", "internal/testkit", "web", "tools/gqlgen"},
	{"internal/config", "schema"},
	{"internal/telemetry", "internal/remote"},
	{"internal/table", "internal/blob", "internal/oidc", "executor/client"},
	{"internal/store", "internal/bus", "internal/apq", "executor"},
	{"internal/audit"},
	{"internal/access"},
	{"internal/identity", "internal/guard", "internal/operation", "internal/idempotency"},
	{"internal/dashboard", "internal/dataset", "internal/card", "internal/transform", "internal/chat"},
	{"internal/ops"},
	{"loaders", "graph"},
	{"resolvers"},
	{"server"},
	{"internal/app"},
	{"cmd"},
}

// sameFloor are the few imports between rooms of one floor.
var sameFloor = map[string][]string{
	"internal/card":      {"internal/dataset"},
	"internal/transform": {"internal/dataset"},
	"internal/chat":      {"internal/dataset"},
}

// onlyThese narrows what a room may import of ours below what its floor allows.
var onlyThese = map[string][]string{
	"executor": {"internal/core", "internal/drain", "internal/config", "internal/telemetry", "internal/blob", "executor/client"},
	"schema":   {"internal/core"},
	"web":      {},
	"cmd":      {"internal/app", "executor", "internal/core", "internal/config", "internal/telemetry", "internal/remote"},
}

// onlyFor names the rooms that alone may import a room: what runs people's code
// and opens DuckDB stays out of the API, and what GraphQL looks like stays out
// of everything but the rooms that speak it.
var onlyFor = map[string][]string{
	"executor": {"internal/app", "cmd"},
	"graph":    {"resolvers", "server", "internal/app"},

	"internal/testkit": {}, // for tests alone, which this test does not look at
	"tools/gqlgen":     {}, // writes graph, and is no part of the program
}

type listed struct {
	ImportPath string
	Standard   bool
	Imports    []string
	Deps       []string
}

func TestFloors(t *testing.T) {
	packages := goList(t)
	if len(packages) < 5 {
		t.Fatalf("go list found %d packages of ours, so this test looks at nothing", len(packages))
	}
	for _, p := range packages {
		for _, problem := range problems(p) {
			t.Error(problem)
		}
	}
}

func TestCoreStandsOnTheStandardLibrary(t *testing.T) {
	for _, p := range goList(t) {
		if room(p.ImportPath) != "internal/core" {
			continue
		}
		for _, d := range p.Deps {
			if first, _, _ := strings.Cut(d, "/"); strings.Contains(first, ".") && !strings.HasPrefix(d, module+"internal/core") {
				t.Errorf("%s depends on %s", p.ImportPath, d)
			}
		}
	}
}

// TestFloorsAreKept proves that the rules can fail.
func TestFloorsAreKept(t *testing.T) {
	for _, c := range []struct {
		from, to string
		ok       bool
	}{
		{"internal/store", "internal/table", true},
		{"internal/table", "internal/store", false},
		{"internal/table/embedded", "internal/table", true},
		{"internal/card", "internal/dataset", true},
		{"internal/dataset", "internal/card", false},
		{"internal/dashboard", "internal/dataset", false},
		{"internal/dashboard", "graph", false},
		{"loaders", "graph", false},
		{"resolvers", "graph", true},
		{"executor/engine", "executor/client", true},
		{"executor/engine", "internal/blob", true},
		{"executor/supervisor", "internal/table", false},
		{"executor", "executor/engine", true},
		{"server", "executor/engine", false},
		{"internal/dataset", "executor/client", true},
		{"cmd/karuta", "executor/engine", true},
		{"cmd/karuta", "internal/store", false},
		{"internal/core", "internal/config", false},
		{"internal/unknown", "internal/core", false},
		{"internal/blob", "internal/testkit", false},
	} {
		got := problems(listed{ImportPath: module + c.from, Imports: []string{module + c.to}})
		if (len(got) == 0) != c.ok {
			t.Errorf("%s imports %s: want allowed %t, got %q", c.from, c.to, c.ok, got)
		}
	}
}

// problems tells in words which imports of the package break a rule.
func problems(p listed) (found []string) {
	from := room(p.ImportPath)
	if floorOf(from) < 0 {
		return []string{p.ImportPath + " stands on no floor: give its room a place in floors"}
	}
	for _, path := range p.Imports {
		if !strings.HasPrefix(path, module) {
			continue
		}
		if to := room(path); to != from && !allowed(from, to) {
			found = append(found, p.ImportPath+" must not import "+path)
		}
	}
	return found
}

func allowed(from, to string) bool {
	if only, ok := onlyThese[from]; ok {
		return slices.Contains(only, to)
	}
	if only, ok := onlyFor[to]; ok && !slices.Contains(only, from) {
		return false
	}
	if slices.Contains(sameFloor[from], to) {
		return true
	}
	return floorOf(to) >= 0 && floorOf(to) < floorOf(from)
}

// room is the longest room whose folder holds the package, "" when none does.
func room(path string) (found string) {
	path = strings.TrimPrefix(path, module)
	for _, rooms := range floors {
		for _, r := range rooms {
			if (path == r || strings.HasPrefix(path, r+"/")) && len(r) > len(found) {
				found = r
			}
		}
	}
	return found
}

func floorOf(r string) int {
	return slices.IndexFunc(floors, func(rooms []string) bool { return slices.Contains(rooms, r) })
}

// goList asks the go command for every package of ours, without tests: tests
// may look upwards. Folders of npm and Python may hold Go files of others.
func goList(t *testing.T) (ours []listed) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Standard,Imports,Deps", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p listed
		switch err := dec.Decode(&p); {
		case errors.Is(err, io.EOF):
			return ours
		case err != nil:
			t.Fatal(err)
		case strings.HasPrefix(p.ImportPath, module) && !strings.Contains(p.ImportPath, "/node_modules/"):
			ours = append(ours, p)
		}
	}
}

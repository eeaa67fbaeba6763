package karuta_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestEveryDependencyHasItsReason compares what we depend on directly with the
// tables of CONTRIBUTING.md, both ways.
func TestEveryDependencyHasItsReason(t *testing.T) {
	used := slices.Concat(
		goModules(t), goTools(t, "go.mod"), goTools(t, "tools/versitygw/go.mod"),
		npmPackages(t, "web/package.json"), npmPackages(t, "tools/package.json"), npmPackages(t, "tools/schema/package.json"), npmPackages(t, "tools/browser/package.json"), npmPackages(t, "tools/socket/package.json"),
		npmPackages(t, "tools/clients/package.json"), npmPackages(t, "tools/peers/package.json"),
		matches(t, "tools/python/requirements.txt", `(?m)^([\w-]+)==`),
	)
	explained := matches(t, "CONTRIBUTING.md", "(?m)^\\| `([^`]+)` \\|", "\n## Dependencies\n")
	if len(used) < 30 || len(explained) < 30 {
		t.Fatalf("%d dependencies and %d reasons were found, so this test looks at nothing", len(used), len(explained))
	}
	for _, name := range used {
		if !slices.Contains(explained, name) {
			t.Errorf("%s has no reason in CONTRIBUTING.md", name)
		}
	}
	for _, name := range explained {
		if !slices.Contains(used, name) {
			t.Errorf("CONTRIBUTING.md explains %s, which nothing uses", name)
		}
	}
}

// goModules are the modules that our code and its tests import.
func goModules(t *testing.T) (used []string) {
	t.Helper()
	modules := matches(t, "go.mod", `(?m)^\t(\S+) v`)
	const imports = `{{range .Imports}}{{.}} {{end}}{{range .TestImports}}{{.}} {{end}}{{range .XTestImports}}{{.}} {{end}}`
	out, err := exec.CommandContext(t.Context(), "go", "list", "-e", "-f", "{{.ImportPath}} "+imports, "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for line := range strings.Lines(string(out)) {
		ours, paths, _ := strings.Cut(line, " ")
		if strings.Contains(ours, "/node_modules/") { // npm packages may hold Go files of others
			continue
		}
		for path := range strings.FieldsSeq(paths) {
			if m := moduleOf(path, modules); m != "" && !slices.Contains(used, m) {
				used = append(used, m)
			}
		}
	}
	return used
}

// moduleOf is the longest module path that the import path begins with.
func moduleOf(path string, modules []string) (found string) {
	for _, m := range modules {
		if (path == m || strings.HasPrefix(path, m+"/")) && len(m) > len(found) {
			found = m
		}
	}
	return found
}

// goTools are the modules of a go.mod's tool lines.
func goTools(t *testing.T, file string) (modules []string) {
	t.Helper()
	for _, path := range matches(t, file, `(?m)^(?:tool |\t)([^\s()]+)$`) {
		if strings.HasPrefix(path, module) {
			continue
		}
		name, _, _ := strings.Cut(path, "/cmd/")
		modules = append(modules, name)
	}
	return modules
}

func npmPackages(t *testing.T, file string) (names []string) {
	t.Helper()
	var p map[string]json.RawMessage
	if err := json.Unmarshal(read(t, file), &p); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	for _, part := range []string{"dependencies", "devDependencies", "overrides"} {
		var packages map[string]string
		if p[part] == nil {
			continue
		}
		if err := json.Unmarshal(p[part], &packages); err != nil {
			t.Fatalf("%s: %s: %v", file, part, err)
		}
		for name := range packages {
			names = append(names, name)
		}
	}
	return names
}

// matches are the first groups of all matches in the file, after the heading
// where one is given.
func matches(t *testing.T, file, pattern string, heading ...string) (found []string) {
	t.Helper()
	text := string(read(t, file))
	for _, h := range heading {
		_, text, _ = strings.Cut(text, h)
	}
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		found = append(found, m[1])
	}
	return found
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

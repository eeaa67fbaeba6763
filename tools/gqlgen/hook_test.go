package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const marshaller = `package graph

func (ec *executionContext) _User(ctx context.Context, sel ast.SelectionSet, obj *core.User) graphql.Marshaler {
	return nil
}
`

// Where gqlgen's code is of another form than the known one, generating fails.
func TestUnknownCodeIsRefused(t *testing.T) {
	for name, c := range map[string]struct{ file, text, says string }{
		"no such function": {"user.generated.go", strings.Replace(marshaller, "_User", "_Other", 1), "no function _User"},
		"other arguments":  {"user.generated.go", strings.Replace(marshaller, "sel ast.SelectionSet", "sel []string", 1), "no function _User"},
		"another root":     {"root_.generated.go", marshaller + "\ntype executionContext struct{}\n", "another form"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, c.file), []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			p := &plainFields{hooks: []hook{{"_User", "plainUser(sel, obj)"}}}
			if err := p.hook(dir); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestHook(t *testing.T) {
	file := filepath.Join(t.TempDir(), "user.generated.go")
	if err := os.WriteFile(file, []byte(marshaller), 0o600); err != nil {
		t.Fatal(err)
	}
	p := &plainFields{hooks: []hook{{"_User", "plainUser(sel, obj)"}}}
	if err := p.hook(filepath.Dir(file)); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(text), "graphql.Marshaler {\n\tif out, ok := ec.plainUser(sel, obj); ok {\n\t\treturn out\n\t}\n\treturn nil\n") {
		t.Errorf("%v\n%s", err, text)
	}
}

package karuta_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// TestCleanupsWait keeps tests from ending what they started with the test's
// own context: it is over before the first clean-up runs, so nothing is waited
// for and what still writes meets the removal of its folder.
func TestCleanupsWait(t *testing.T) {
	err := filepath.WalkDir(".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() && (e.Name() == "node_modules" || e.Name() == ".git") {
			return skipOr(err)
		}
		if strings.HasSuffix(path, ".go") {
			reportCleanups(t, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func skipOr(err error) error {
	if err != nil {
		return err
	}
	return fs.SkipDir
}

func reportCleanups(t *testing.T, path string) {
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || called(call) != "Cleanup" {
			return true
		}
		ast.Inspect(call, func(n ast.Node) bool {
			inner, ok := n.(*ast.CallExpr)
			if ok && called(inner) == "Context" && len(inner.Args) == 0 && onTest(inner) {
				t.Errorf("%s: this context is over when the clean-up runs", files.Position(inner.Pos()))
			}
			return true
		})
		return true
	})
}

// called is the name of the method that is called, "" for anything else.
func called(call *ast.CallExpr) string {
	if s, ok := call.Fun.(*ast.SelectorExpr); ok {
		return s.Sel.Name
	}
	return ""
}

// onTest tells whether the method is one of a test's usual receivers.
func onTest(call *ast.CallExpr) bool {
	s, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	x, ok := s.X.(*ast.Ident)
	return ok && (x.Name == "t" || x.Name == "b" || x.Name == "tb")
}

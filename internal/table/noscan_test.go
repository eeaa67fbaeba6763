package table_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/table"
)

const (
	root = "../.."
	// sdk is the client of DynamoDB, which one room alone may use.
	sdk   = "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	owner = "internal/table/dynamo"
)

// wholeTable are the names in the client that read a whole table or pass
// statements on, in which a scan can hide.
var wholeTable = regexp.MustCompile(`^((New)?Scan(Input|Output|Paginator|PaginatorOptions|APIClient)?|(Batch)?ExecuteStatement(Input)?|(New)?ExecuteStatementPaginator|ExecuteTransaction(Input)?)$`)

// TestNoScanInTheCode reads every Go file of the repository.
func TestNoScanInTheCode(t *testing.T) {
	users := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && (name == "node_modules" || path != root && strings.HasPrefix(name, ".")) {
			return fs.SkipDir
		}
		if d.IsDir() || filepath.Ext(name) != ".go" {
			return nil
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		uses, problems := scans(rel, src)
		if uses {
			users++
		}
		for _, p := range problems {
			t.Error(p)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if users < 5 {
		t.Errorf("%d files use the client, so this test looks at nothing", users)
	}
}

// scans tells whether the file uses the client and what in it is not allowed.
func scans(path string, src []byte) (uses bool, problems []string) {
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, path, src, parser.SkipObjectResolution)
	if err != nil {
		return false, []string{err.Error()}
	}
	for _, im := range f.Imports {
		p, _ := strconv.Unquote(im.Path.Value)
		if p == sdk || strings.HasPrefix(p, sdk+"/") || strings.Contains(p, "/dynamodbstreams") || strings.Contains(p, "/feature/dynamodb") {
			uses = true
			if filepath.ToSlash(filepath.Dir(path)) != owner {
				problems = append(problems, fmt.Sprintf("%s imports %s, which only %s may", path, p, owner))
			}
		}
	}
	if !uses {
		return false, problems
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && wholeTable.MatchString(id.Name) {
			problems = append(problems, fmt.Sprintf("%s uses %s", set.Position(id.Pos()), id.Name))
		}
		return true
	})
	return uses, problems
}

// TestScansAreFound proves that the check can fail.
func TestScansAreFound(t *testing.T) {
	for body, want := range map[string]bool{
		"_, err := c.Scan(ctx, nil)":                         true,
		"p := dynamodb.NewScanPaginator(c, nil)":             true,
		"in := &dynamodb.ScanInput{}":                        true,
		"out, _ := c.ExecuteStatement(ctx, nil)":             true,
		"scan := c.Scan; scan(ctx, nil)":                     true,
		"out, _ := c.Query(ctx, nil); n := out.ScannedCount": false,
		"in := &dynamodb.QueryInput{ScanIndexForward: nil}":  false,
	} {
		src := "package dynamo\nimport \"" + sdk + "\"\nfunc f() { " + body + " }"
		if _, got := scans(owner+"/x.go", []byte(src)); (len(got) > 0) != want {
			t.Errorf("%s: found %q", body, got)
		}
		if _, got := scans("internal/store/x.go", []byte(src)); len(got) == 0 {
			t.Error("another room may use the client")
		}
	}
	if _, got := scans("internal/store/x.go", []byte("package store\nfunc f() { rows.Scan(&a) }")); len(got) > 0 {
		t.Errorf("a row of SQL is taken for a scan: %q", got)
	}
}

// TestThePortHasNoScan: no engine can offer what the port does not have.
func TestThePortHasNoScan(t *testing.T) {
	port := reflect.TypeFor[table.Engine]()
	var methods []string
	for i := range port.NumMethod() {
		methods = append(methods, port.Method(i).Name)
	}
	want := []string{"BatchGet", "Close", "Get", "Init", "Query", "Tables", "Transact", "Write"}
	if !slices.Equal(methods, want) {
		t.Errorf("the port has %q", methods)
	}
}

//go:build linux

package supervisor

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// attackItems is how many kinds of attack docs/security.md counts.
const attackItems = 104

// elsewhere are the kinds that a row of the suite cannot show, and the tests that do.
var elsewhere = []struct {
	items []int
	file  string
	test  string
}{
	{[]int{31}, "attack_crowd_test.go", "TestAGoodCardAmongHostileOnes"},
	{[]int{61}, "../../internal/app/apptest/leaks_test.go", "TestNothingLeavesACardsPage"},
	{[]int{60, 87}, "sweep_test.go", "TestSweep"},
	{[]int{84, 86}, "attack_files_test.go", "TestNothingOfOthersIsInMemory"},
	{[]int{90}, "../engine/hostiletable_test.go", "TestHostileTablesAreRefused"},
	{[]int{98}, "zygote_test.go", "TestZygoteKilledInFlight"},
	{[]int{99}, "attack_setup_test.go", "TestAFailedSetupRunsNothing"},
	{[]int{101}, "cards_test.go", "TestRunsHaveTheirOwnRandomness"},
	{[]int{102}, "zygote_test.go", "TestZygoteIsRenewed"},
	{[]int{103}, "attack_setup_test.go", "TestARunIsEndedInTime"},
	{[]int{104}, "../engine/sight_test.go", "TestASightShowsItsCellsAndNothingElse"},
	{[]int{104}, "../engine/slice_test.go", "TestSliceHasTheColumnsAndTypesThatWereAsked"},
}

// No kind of attack is left out: each has a row, or a test that is really there.
func TestEveryKindOfAttackIsTried(t *testing.T) {
	var tried []int
	names := map[string]bool{}
	for _, part := range suite() {
		for _, a := range part.attacks {
			tried = append(tried, a.items...)
			if names[a.name] {
				t.Errorf("two attacks are called %q", a.name)
			}
			names[a.name] = true
		}
	}
	for _, e := range elsewhere {
		tried = append(tried, e.items...)
		if !slices.Contains(functions(t, e.file), e.test) {
			t.Errorf("items %v: there is no %s in %s", e.items, e.test, e.file)
		}
	}
	for item := 1; item <= attackItems; item++ {
		if !slices.Contains(tried, item) {
			t.Errorf("item %d is not tried", item)
		}
	}
}

// functions are the names of a file's functions.
func functions(t *testing.T, file string) []string {
	t.Helper()
	tree, err := parser.ParseFile(token.NewFileSet(), filepath.FromSlash(file), nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, declaration := range tree.Decls {
		if f, ok := declaration.(*ast.FuncDecl); ok {
			names = append(names, f.Name.Name)
		}
	}
	return names
}

// docs/security.md counts the attacks of each section; all are held in each profile.
func TestTheCountOfAttacksIsTold(t *testing.T) {
	page, total := securityPage(t), 0
	for i, part := range suite() {
		n, user := len(part.attacks), "held"
		if i >= sectionsOfCards {
			user = "no folder"
		}
		total += n
		wantText(t, page, fmt.Sprintf("| %s | %d | held | held | %s |\n", part.name, n, user))
	}
	wantText(t, page, fmt.Sprintf("| in all | %d | | | |\n", total))
}

func wantText(t *testing.T, page, text string) {
	t.Helper()
	if !strings.Contains(page, text) {
		t.Errorf("docs/security.md lacks\n%s", text)
	}
}

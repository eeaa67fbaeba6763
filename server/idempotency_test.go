package server_test

import (
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/karuta-bi/karuta/graph"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store/storetest"
	"github.com/karuta-bi/karuta/internal/table"
)

// repeatable are the rows of the matrix whose mutations take a key, with who does them.
var repeatable = map[string]string{
	"createApiKey": "owner", "createUser": "admin", "createGroup": "admin", "importCsv": "owner", "importCsv/append": "owner", "importS3": "owner",
	"reimportDataset": "owner", "reuploadDataset": "owner", "createPolicy": "owner", "createCard": "owner", "createCard/text": "guest", "executeCard": "viewer",
	"executeCard/alone": "owner", "createDashboard": "guest", "cloneDashboard": "viewer", "createShare": "owner", "updateShare": "owner", "deleteShare": "owner",
	"createFilterView": "viewer", "createFilterView/all": "editor", "createTransform": "owner", "executeTransform": "owner", "announce": "admin",
}

// API-7: what creates, executes or shares takes a key, and this test knows of it.
func TestWhatTakesAKey(t *testing.T) {
	known := map[string]bool{}
	for row := range repeatable {
		name, _, _ := strings.Cut(row, "/")
		known[name] = true
	}
	s := graph.NewExecutableSchema(graph.Config{}).Schema()
	for _, f := range s.Mutation.Fields {
		wants := strings.HasSuffix(f.Name, "Share") || f.Name == "announce" || slices.ContainsFunc([]string{"create", "execute", "clone", "import", "reimport", "reupload"}, func(p string) bool { return strings.HasPrefix(f.Name, p) })
		if takes := takesKey(s, f); takes != wants || takes != known[f.Name] {
			t.Errorf("%s: takes a key: %t, should: %t, tested: %t", f.Name, takes, wants, known[f.Name])
		}
	}
}

func takesKey(s *ast.Schema, f *ast.FieldDefinition) bool {
	in := f.Arguments.ForName("input")
	return in != nil && s.Types[in.Type.Name()].Fields.ForName("idempotencyKey") != nil
}

// keyed is the row's document under a key.
func (c *company) keyed(row, key string) string {
	document := strings.Replace(c.fill(asked["Mutation."+row]), `, idempotencyKey: "x"`, "", 1)
	if union := "{ ... on ReimportCompleted {"; strings.Contains(document, union) { // one may hear of the end, another that it goes on
		document = document[:strings.Index(document, union)] + `{ ... on ReimportCompleted { job { id } } ... on ReimportRunning { job { id } } } }`
	}
	return strings.Replace(document, "(input: {", `(input: {idempotencyKey: "`+key+`", `, 1)
}

// made are the places of what a person would see twice, were it done twice: jobs and
// runs where there are any, else all that has changed.
func made(row string, before, after storetest.Items) (keys []string) {
	for k := range after {
		asked := k.Table == table.Jobs && k.SK == "METADATA" || k.Table == table.Executions && strings.HasPrefix(k.SK, "EXECUTION#")
		if asked && before[k] == nil {
			keys = append(keys, k.Table)
		}
	}
	if strings.Contains(row, "import") || strings.Contains(row, "Transform") && strings.Contains(row, "execute") || strings.Contains(row, "reupload") {
		return keys
	}
	for _, k := range differing(before, after) {
		pk, sk, _ := strings.Cut(k, "/")
		noun, _, _ := strings.Cut(pk, "#")
		sort, _, _ := strings.Cut(sk, "#")
		keys = append(keys, noun+"/"+sort)
	}
	slices.Sort(keys)
	return keys
}

// API-7: the same key with the same request is done once and answered the same, also
// by many at a time; with another request it is a conflict; somebody else's key is
// another one; without a key it is done each time or refused.
func TestKeys(t *testing.T) {
	c := newCompany(t)
	for _, row := range slices.Sorted(maps.Keys(repeatable)) {
		t.Run(row, func(t *testing.T) {
			t.Parallel()
			actor, once := c.tokens[repeatable[row]], c.once(t, row)
			h, _, l := c.openFaulty(t)
			before := l.Items(t)
			answers := make([]*answered, 6)
			if hashes["Mutation."+row] {
				answers = answers[:2]
			}
			var crowd sync.WaitGroup
			for i := range answers {
				crowd.Go(func() { answers[i] = h.try(actor, c.keyed(row, "月次 1")) })
			}
			crowd.Wait()
			answers = append(answers, h.try(actor, c.keyed(row, "月次 1")))
			c.alike(t, row, answers)
			after := settled(t, l)
			after.Check(t)
			if got := made(row, before, after); !reflect.DeepEqual(got, once) {
				t.Errorf("%d times made\n%v, once makes\n%v", len(answers), got, once)
			}
			if a := h.try(actor, `mutation { createDashboard(input: {name: "another", idempotencyKey: "月次 1"}) { dashboard { id } } }`); a.code() != string(core.CodeConflict) || a.field() != "input.idempotencyKey" {
				t.Errorf("another request: %s", a.text)
			}
			if a := h.try(c.tokens["stranger"], `mutation { createDashboard(input: {name: "another", idempotencyKey: "月次 1"}) { dashboard { id } } }`); a.code() != "" {
				t.Errorf("somebody else's: %s", a.text)
			}
			if a := h.try(actor, c.keyed(row, strings.Repeat("x", 201))); a.code() != string(core.CodeValidation) {
				t.Errorf("a long key: %s", a.text)
			}
		})
	}
}

// once is what the row makes when it is done once.
func (c *company) once(t *testing.T, row string) []string {
	h, _, l := c.openFaulty(t)
	before := l.Items(t)
	if a := h.try(c.tokens[repeatable[row]], c.keyed(row, "k")); a.code() != "" {
		t.Fatal(a.text)
	}
	defer h.close()
	return made(row, before, l.Items(t))
}

// alike wants one answer of all, where states that go on may differ. A key is shown
// once: one hears it, and the others that it was made.
func (c *company) alike(t *testing.T, row string, answers []*answered) {
	t.Helper()
	ids, refused := map[string]int{}, 0
	for _, a := range answers {
		if row == "createApiKey" && a.code() == string(core.CodeConflict) {
			refused++
			continue
		}
		if a.code() != "" {
			t.Fatal(a.text)
		}
		ids[identityOf(a.Data)]++
	}
	if len(ids) != 1 || row == "createApiKey" && refused != len(answers)-1 {
		t.Errorf("answered %v, and %d refusals", ids, refused)
	}
}

// settled is what is there at one moment: while a run goes on in the background, what
// is read first may have changed before the rest is read.
func settled(t *testing.T, l *storetest.Ledger) storetest.Items {
	t.Helper()
	for before := l.Items(t); ; {
		after := l.Items(t)
		if reflect.DeepEqual(before, after) {
			return after
		}
		before = after
	}
}

// identityOf is what names the thing of an answer: its first id, or all of it.
func identityOf(v any) string {
	if m, ok := v.(map[string]any); ok {
		for _, name := range []string{"id", "deletedId"} {
			if id, ok := m[name].(string); ok {
				return id
			}
		}
		for _, name := range slices.Sorted(maps.Keys(m)) {
			if found := identityOf(m[name]); found != "" {
				return found
			}
		}
	}
	if text, ok := v.(string); ok {
		return text
	}
	return ""
}

// API-7, FAIL-5: whatever call of the table is done and its answer lost, asking once
// more with the same key ends with the thing made once.
func TestKeysAfterLostAnswers(t *testing.T) {
	c := newCompany(t)
	for _, row := range slices.Sorted(maps.Keys(repeatable)) {
		t.Run(row, func(t *testing.T) {
			t.Parallel()
			if hashes["Mutation."+row] && os.Getenv("KARUTA_LONG") == "" {
				t.Skip("hashes a password at its full price for each call: in the long form")
			}
			once := c.once(t, row)
			for n, more := int64(1), true; more && !t.Failed(); n++ {
				h, f, l := c.openFaulty(t)
				before := l.Items(t)
				f.Arm(n, storetest.AnswerLost)
				first := h.try(c.tokens[repeatable[row]], c.keyed(row, "k"))
				more = f.Calls() >= n
				f.Arm(0, storetest.AnswerLost)
				second := h.try(c.tokens[repeatable[row]], c.keyed(row, "k"))
				shown := row == "createApiKey" && second.code() == string(core.CodeConflict)
				failed := second.code() == first.code() && len(second.Errors) > 0 && second.Errors[0].Extensions["jobId"] != nil // the import itself, which both tell
				if second.code() != "" && !shown && !failed {
					t.Errorf("call %d: %s and then %s", n, first.text, second.text)
				}
				after := settled(t, l)
				after.Check(t)
				if got := made(row, before, after); !reflect.DeepEqual(got, once) {
					t.Errorf("call %d: made\n%v, once makes\n%v", n, got, once)
				}
				h.close()
			}
		})
	}
}

// API-7: what failed made nothing, and its key is free for what is asked for next.
func TestAFailureLeavesItsKeyFree(t *testing.T) {
	h := newHouse(t)
	_, token := h.user(core.RoleUser)
	ask := func(name string) *answered {
		return h.ask(token, `mutation($name: String!) { createDashboard(input: {name: $name, idempotencyKey: "k"}) { dashboard { id name } } }`, map[string]any{"name": name})
	}
	if a := ask(""); a.code() != string(core.CodeValidation) || a.field() != "input.name" {
		t.Errorf("without a name: %s", a.text)
	}
	made := ask("売上")
	if made.code() != "" {
		t.Errorf("with one: %s", made.text)
	}
	if a := ask(""); a.code() != string(core.CodeConflict) || a.field() != "input.idempotencyKey" {
		t.Errorf("without a name once more: %s", a.text)
	}
	h.ask(token, `mutation { deleteDashboard(input: {id: "`+made.at("createDashboard.dashboard.id")+`"}) { deletedId } }`, nil)
	if a := ask("売上"); a.code() != string(core.CodeNotFound) || a.field() != "input.idempotencyKey" {
		t.Errorf("what it made is gone: %s", a.text)
	}
}

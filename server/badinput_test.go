package server_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

// Issue 3: whatever stands in the place of an argument, the answer is one error
// of a known code at that argument with a plain sentence, and the store is as
// it was.
func TestBadInput(t *testing.T) {
	c := newCompany(t)
	before := contents(t, c.file)
	fields := fieldsWithArguments()
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, file := c.open(t)
			for _, a := range fields[name] {
				for i, p := range c.probes(t, name, a) {
					if p.code != "" {
						c.refuse(t, h, name, a, p, i%2 == 0)
					}
				}
			}
			h.close()
			same(t, file, before)
			h.nothingKept(t)
		})
	}
}

// refuse sends one bad value.
func (c *company) refuse(t *testing.T, h *house, name string, a argument, p probe, english bool) {
	t.Helper()
	variables, field := c.place(name, a.path, p.value)
	var got *answered
	calls := h.Calls(func() { got = c.send(h, name, variables, english) })
	if len(got.Errors) != 1 || got.code() != string(p.code) || got.field() != field {
		t.Errorf("%s: %s %.60q: got %q at %q: %.300s", field, p.what, fmt.Sprint(p.value), got.code(), got.field(), got.text)
		return
	}
	got.plain(t, english)
	for _, call := range writesOf(calls) {
		if call.Table != table.AuditLogs {
			t.Errorf("%s: %s: a write to %s", field, p.what, call.Table)
		}
	}
}

// Issue 3: every list is refused with one item more than it may have.
func TestListsAreBounded(t *testing.T) {
	c := newCompany(t)
	h, file := c.open(t)
	lists := 0
	for name, arguments := range fieldsWithArguments() {
		for _, a := range arguments {
			if a.kind.Elem == nil {
				continue
			}
			lists++
			item := c.valueAt(name, a.path+".*")
			most := a.rule.most(t, 1)
			for _, n := range []int{most + 1, inForm(2_000, 10_000)} {
				if name == "Query.nodes" && n > most+1 {
					continue // is too dear, see TestLimits
				}
				c.refuse(t, h, name, a, probe{fmt.Sprint(n, " items"), slices.Repeat([]any{item}, n), core.CodeValidation}, true)
			}
		}
	}
	if lists < 12 {
		t.Errorf("only %d lists were found", lists)
	}
	h.close()
	same(t, file, contents(t, c.file))
}

// What is odd and good is taken: texts of exactly the longest length come back
// and are stored character for character.
func TestOddInputIsKept(t *testing.T) {
	c := newCompany(t)
	reading, _ := c.open(t)
	fields := fieldsWithArguments()
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		for _, a := range fields[name] {
			for _, p := range c.probes(t, name, a) {
				switch changes := strings.HasPrefix(name, "Mutation."); {
				case p.code != "":
				case changes:
					t.Run(name+" "+a.path+" "+p.what, func(t *testing.T) { c.keep(t, name, a, p) })
				default:
					c.take(t, reading, name, a, p)
				}
			}
		}
	}
}

// take sends one odd value, which must not be what an error is about.
func (c *company) take(t *testing.T, h *house, name string, a argument, p probe) *answered {
	t.Helper()
	variables, field := c.place(name, a.path, p.value)
	got := c.send(h, name, variables, true)
	if got.field() == field || got.code() == string(core.CodeInternal) {
		t.Fatalf("%s: %s: %.60q is refused: %.300s", name, field, fmt.Sprint(p.value), got.text)
	}
	return got
}

// keep sends one odd value to a mutation, and looks for a text in the answer and
// in the store.
func (c *company) keep(t *testing.T, name string, a argument, p probe) {
	h, file := c.open(t)
	got := c.take(t, h, name, a, p)
	text, _ := p.value.(string)
	if text == "" || !slices.Contains([]string{"line", "text", "code"}, a.rule[0]) || strings.HasPrefix(name, "Mutation.preview") {
		return
	}
	if got.code() != "" || !slices.Contains(silent, name) && !holds(got.Data, text) {
		t.Errorf("%.60q does not come back: %.300s", text, got.text)
	}
	h.close()
	for _, item := range contents(t, file) {
		if strings.Contains(item, text) || strings.Contains(item, quoted(t, text)) {
			return
		}
	}
	t.Errorf("%.60q is not stored", text)
}

// silent are mutations that do not give back what they were given.
var silent = []string{"Mutation.importCsv", "Mutation.importS3", "Mutation.reuploadDataset", "Mutation.requestAccess"}

func quoted(t *testing.T, text string) string {
	t.Helper()
	raw, err := json.Marshal(text)
	must(t, err)
	return strings.Trim(string(raw), `"`)
}

// holds tells whether a text stands anywhere in an answer.
func holds(v any, text string) bool {
	switch v := v.(type) {
	case map[string]any:
		return slices.ContainsFunc(slices.Collect(maps.Values(v)), func(v any) bool { return holds(v, text) })
	case []any:
		return slices.ContainsFunc(v, func(v any) bool { return holds(v, text) })
	}
	return v == text
}

// place is the example's variables with the value at the path, and the path as
// an error names it. A star is the first item that has the part.
func (c *company) place(name, path string, value any) (variables map[string]any, field string) {
	variables = c.variables(name)
	names := strings.Split(path, ".")
	var at any = variables
	for i, part := range names {
		last := i == len(names)-1
		if part == "*" {
			list := at.([]any)
			n := 0
			if !last {
				n = having(list, names[i+1])
			}
			names[i] = strconv.Itoa(n)
			if last {
				list[n] = value
			} else {
				at = list[n]
			}
			continue
		}
		object := at.(map[string]any)
		switch _, without := value.(absent); {
		case !last:
			at = object[part]
		case without:
			delete(object, part)
		default:
			object[part] = value
		}
	}
	return variables, strings.Join(names, ".")
}

func (c *company) variables(name string) (variables map[string]any) {
	if err := json.Unmarshal([]byte(c.fill(examples[name].variables)), &variables); err != nil {
		panic(name + ": " + err.Error())
	}
	return variables
}

// having is the place of the first item that has the part.
func having(list []any, part string) int {
	return max(slices.IndexFunc(list, func(v any) bool {
		object, _ := v.(map[string]any)
		_, has := object[part]
		return has
	}), 0)
}

// valueAt is what the example has at the path.
func (c *company) valueAt(name, path string) any {
	var at any = c.variables(name)
	names := append(strings.Split(path, "."), "")
	for i, part := range names[:len(names)-1] {
		if list, ok := at.([]any); ok {
			at = list[having(list, names[i+1])]
			continue
		}
		at = at.(map[string]any)[part]
	}
	return at
}

// send asks the example with the variables; a file is sent where its place is free.
func (c *company) send(h *house, name string, variables map[string]any, english bool) *answered {
	h.t.Helper()
	of := examples[name]
	headers := []string{"Accept-Language", "ja"}
	if english {
		headers[1] = "en"
	}
	document := c.fill(of.document)
	input, _ := variables["input"].(map[string]any)
	if strings.HasPrefix(document, "subscription") {
		return h.first(c.tokens[of.who], document, variables, headers...)
	}
	if input["file"] != upload {
		return h.ask(c.tokens[of.who], document, variables, headers...)
	}
	input["file"] = nil
	operations, err := json.Marshal(map[string]any{"query": document, "variables": variables})
	must(h.t, err)
	body, kind := form(h.t, "operations", string(operations), "map", `{"0":["variables.input.file"]}`, "0", "地域,日付\n東京,2026-01-01\n")
	return h.send(with(bearing(httptest.NewRequest("POST", "/graphql", body), c.tokens[of.who]), append(headers, "Content-Type", kind)...))
}

// technical is what no person needs to read (ERR-2).
var technical = regexp.MustCompile(`(?i)\b(sql|select|insert|drop|stack|traceback|exception|panic|goroutine|runtime|nil|interface|struct|dynamodb|bbolt|s3|localhost|json|unmarshal|variable)\b|\.go\b|127\.0\.0\.1|/[a-z]+/[a-z]|[A-Z]:\\`)

var japanese = regexp.MustCompile(`[ぁ-んァ-ヶ一-龠]`)

// plain fails the test unless the one error speaks to people, in their
// language, with the status of its code.
func (a *answered) plain(t *testing.T, english bool) {
	t.Helper()
	message, x := a.Errors[0].Message, a.Errors[0].Extensions
	// The name of a column that is not there is the reader's own word.
	said := regexp.MustCompile(`(?s)[“「].*[”」]`).ReplaceAllString(message, "")
	if word := technical.FindString(said); word != "" || message == "" || japanese.MatchString(said) == english {
		t.Errorf("says %q: %s", word, message)
	}
	if x["httpStatus"] != float64(core.Code(a.code()).HTTPStatus()) || x["requestId"] == "" || a.StatusCode != 200 {
		t.Errorf("%d %s", a.StatusCode, a.text)
	}
	if len(a.text) > 3000 {
		t.Errorf("repeats what it got: %d bytes", len(a.text))
	}
}

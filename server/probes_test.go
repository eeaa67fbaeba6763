package server_test

import (
	"encoding/json"
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/karuta-bi/karuta/internal/core"
)

// probe is an odd value of an argument and the code of the refusal that it gets
// at the argument's own place; "" is taken as it is.
type probe struct {
	what  string
	value any
	code  core.Code
}

// absent stands for a part that is left out.
type absent struct{}

// Texts that are odd, and good wherever text may stand: emoji that are several
// characters, marks of right-to-left writing, combining marks, and what looks
// like other languages.
const (
	odd      = "🎴👩‍👩‍👧 \u202eabc\u202c \u200fשלום e\u0301 '; DROP TABLE x; -- <b>{x}%s"
	controls = "a\x00\x07\x1b[31mb"
)

// endless is a text far beyond what anybody enters: a megabyte in the long form. Under
// -race each byte is dear, so that the short form is content with 64 KB.
var endless = strings.Repeat("x", inForm(64<<10, 1<<20))

// inForm is the first number in the short form of the tests, the second in the long one.
func inForm(short, long int) int {
	if os.Getenv("KARUTA_LONG") == "" {
		return short
	}
	return long
}

// probes are the odd values of the argument.
func (c *company) probes(t testing.TB, name string, a argument) []probe {
	all := wrongTypes(a)
	if a.kind.Elem == nil && a.def.Kind == ast.InputObject {
		more := maps.Clone(c.valueAt(name, a.path).(map[string]any))
		more["nothing"] = endless
		all = append(all, invalid("a part too many", more)...)
	}
	if a.must && !strings.HasSuffix(a.path, "*") {
		all = append(all, invalid("left out", absent{})...)
	}
	if a.kind.NonNull {
		all = append(all, invalid("null", nil)...)
	}
	if a.rule != nil {
		all = append(all, c.outOfBounds(t, a)...)
	}
	return all
}

// invalid are probes of one kind that are refused with VALIDATION_ERROR.
func invalid(what string, values ...any) (all []probe) {
	for _, v := range values {
		all = append(all, probe{what, v, core.CodeValidation})
	}
	return all
}

func taken(what string, values ...any) (all []probe) {
	for _, v := range values {
		all = append(all, probe{what, v, ""})
	}
	return all
}

// wrongTypes are values of other types than the schema says.
func wrongTypes(a argument) []probe {
	object, huge := map[string]any{"a": 1}, json.RawMessage("1e400")
	switch {
	case a.kind.Elem != nil:
		return invalid("wrong type", true, 1.5)
	case a.def.Kind == ast.InputObject:
		return invalid("wrong type", "x", 1, true, []any{})
	case a.def.Kind == ast.Enum:
		return invalid("wrong type", "nothing", "", controls, endless, 1, true, object)
	}
	switch a.def.Name {
	case "String":
		return invalid("wrong type", 1, 1.5, true, object, []any{"x"})
	case "ID":
		return invalid("wrong type", 1.5, huge, true, object, []any{"x"})
	case "Int":
		return invalid("wrong type", "1", "NaN", 1.5, 1e12, -1e12, huge, true, object)
	case "Float":
		return invalid("wrong type", "x", true, object)
	case "Boolean":
		return invalid("wrong type", "true", 1, object)
	}
	return invalid("wrong type", true, 1.5, []any{1})
}

// outOfBounds are values of the right type beyond the rule, and those that just fit.
func (c *company) outOfBounds(t testing.TB, a argument) []probe {
	r := a.rule
	switch r[0] {
	case "list":
		return nil // the request's own items are repeated, see TestListsAreBounded
	case "id":
		return c.ids404(a)
	case "int":
		least, most := r.most(t, 1), r.most(t, 2)
		return append(invalid("out of range", least-1, most+1, -1<<31, 1<<31-1), taken("just in range", least, most)...)
	case "event":
		return append(invalid("out of range", -1, 1<<53), taken("just in range", 0, 1<<53-1)...)
	case "line", "text", "note", "code", "bytes", "value", "secret", "address":
		return texts(r[0], r.most(t, 1), r)
	case "future":
		if r.is("year") {
			return append(invalid("too far", "9999-12-31"), special["future"]...)
		}
	}
	return special[r[0]]
}

// texts are those of a bound: one character more is too long.
func texts(kind string, most int, r rule) []probe {
	fits := strings.Repeat(odd, most/len([]rune(odd))+1)
	long := strings.Repeat("あ", most+1)
	if kind == "line" || kind == "text" || kind == "note" || kind == "value" {
		fits = string([]rune(fits)[:most])
	} else {
		fits, long = strings.ToValidUTF8(fits[:most], ""), strings.Repeat("x", most+1)
	}
	fits = strings.TrimSpace(fits)
	all := invalid("too long", long)
	if most < len(endless) {
		all = append(all, invalid("endless", endless)...)
	}
	switch {
	case kind == "line" && r.is("empty"): // another text is put in its place
	case kind == "line", kind == "code":
		all = append(all, invalid("empty", "", " \n\t ")...)
	case kind == "secret", kind == "address", kind == "value" && !r.is("empty"), r.is("required"):
		all = append(all, invalid("empty", "")...)
	default:
		all = append(all, taken("empty", "")...)
	}
	switch kind {
	case "line":
		all = append(all, invalid("control characters", controls, "a\nb")...)
	case "text", "note", "code":
		all = append(all, append(invalid("control characters", controls), taken("lines", "a\n\tb")...)...)
	case "secret", "address":
		return all // any other would be compared, and is wrong
	}
	return append(all, taken("odd", fits)...)
}

// special are the odd values of the kinds that are no plain text.
var special = map[string][]probe{
	"any":       taken("no id", "", "x", controls, odd, endless),
	"node":      append(invalid("no id", "", "x", controls, odd, endless, 1), taken("of nothing", core.NewID(core.NounCard), core.NewID(core.NounSession))...),
	"cursor":    append(invalid("no cursor", "a b", controls, odd, strings.Repeat("A", 513), endless), taken("empty", "")...),
	"version":   append(invalid("no version", 0, -1, -1<<31), probe{"another version", 1<<31 - 1, core.CodeConflict}),
	"time":      append(invalid("no time", "", "x", "2026-13-01", "99999-01-01", controls, odd, endless), taken("at the ends", "0001-01-02", "9999-12-31")...),
	"future":    invalid("no time to come", "", "x", "2026-13-01", "2020-01-01", "0001-01-01", controls, odd, endless),
	"scope":     invalid("no scope", "", "x", "Query.nothing", "me", "Mutation.changePassword", "Query.__schema", controls, odd, endless),
	"new":       invalid("no id", "", "/x", "a b", "sha256:x", strings.Repeat("x", 129), controls, odd, endless),
	"operation": append(invalid("no id", "", "/x", "a b", "sha256:x", strings.Repeat("x", 129), controls, odd, endless), probe{"of nothing", "nothing", core.CodeNotFound}, probe{"of others", "of/stranger", core.CodeNotFound}),
	"document":  invalid("no document", "", "x", "{ me { id } }", "query A { me { id } } query B { me { id } }", "query A { nothing }", controls, odd, endless),
	"day":       append(invalid("no day", "x", "2026-13-01", " 2026-01-01", "2026-01-01T00:00:00Z", controls, odd, endless), taken("none", "")...),
	"column":    invalid("no column", "", "x", controls, odd, endless),
	"character": append(invalid("no character", ",,", `"`, "\n", "\r", "\x00", odd, endless), taken("one", "", "、")...),
	"choice":    append(invalid("no choice", "x", "UTF-8", controls, odd, endless), taken("one", "", "auto", "cp932")...),
	"json":      append(invalid("no object", "x", "{}", 1, []any{}, map[string]any{"a": strings.Repeat("x", 64<<10)}, map[string]any{"a": endless}), taken("odd", map[string]any{odd: []any{odd, nil, 1.5}}, deep(2000))...),
	"email": invalid("no address", "", "x", "a@", "a b@example.com", "a@b@example.com", "<a@example.com>", controls+"@example.com", "a\u202e@example.com",
		strings.Repeat("a", 255)+"@example.com", endless),
	"password": invalid("weak", "", "Short-1", "no-upper-case-9", "No-Digits-Here", "NoSymbol99", "Aaaa-1234567", "Con\x00trol-9", strings.Repeat("Aa1-", 32)+"x", endless),
	"bucket":   invalid("not allowed", "", "x", "company-data2", controls, odd, endless),
	"key":      append(invalid("no key", "", "/a", "a/../b", "a b", "a?b", strings.Repeat("a", 1025), controls, odd, endless), taken("plain", "a/b-c_d.csv")...),
	"number":   append(invalid("no number", 0, -1, -1<<31), probe{"of no version", 1<<31 - 1, core.CodeNotFound}),
	"alias":    append(invalid("no name", "1a", "a-b", "a b", controls, odd, strings.Repeat("a", 101), endless), taken("a name", "", "売上_1", "_")...),
	"cron":     append(invalid("no schedule", "x", "* * * *", "60 * * * *", "@never", controls, odd, endless), taken("a schedule", "@daily", "*/5 0-6 1,15 * MON")...),
	"zone":     append(invalid("no zone", "x", "Local", "../etc/passwd", controls, odd, endless), taken("a zone", "", "UTC", "Europe/Berlin")...),
	"chosen":   invalid("not to be chosen", "nothing", 1, true, []any{}, map[string]any{odd: odd}, map[string]any{"a": endless}),
	"choose":   invalid("not among the choices", "nothing", controls, odd, endless),
	"float":    taken("a number", 0.5),
	"snapshot": append(invalid("no id", "", "x", controls, odd, endless, 1), invalid("not quite", "snap_0", "snap_../x")...),
	"share":    append(invalid("out of range", 0.79, 10.1, -1, 1e300), taken("at the ends", 0.8, 10)...),
	"network":  invalid("no network", "", "x", "0.0.0.0/0", "::/0", "1.2.3.4/33", "::ffff:1.2.3.4", "fe80::1%eth0", controls, odd, endless),
	"upload":   invalid("no file", "x", 1, map[string]any{}, endless),
}

func deep(levels int) any {
	var v any = map[string]any{}
	for range levels {
		v = map[string]any{"a": v}
	}
	return v
}

// ids404 are ids that name nothing, something of others, or another kind of thing.
func (c *company) ids404(a argument) []probe {
	noun, r := a.rule[1], a.rule
	all := invalid("no id", "x", c.ids["dashboard"]+"x", "../"+c.ids["card"], controls, odd, endless, 1)
	if a.must {
		all = append(all, invalid("empty", "")...)
	}
	other := c.ids["owner"]
	if noun == "user" {
		other = c.ids["card"]
	}
	all = append(all, probe{"of another kind", other, core.CodeNotFound})
	if !r.is("unknown") {
		all = append(all, probe{"of nothing", c.ghost(noun), core.CodeNotFound})
	}
	switch {
	case r.is("mine"):
		all = append(all, probe{"of others", c.ids["foreign "+noun], core.CodeNotFound})
	case r.is("managed"): // the runbook promises 403
		all = append(all, probe{"of others", c.ids["foreign "+noun], core.CodeForbidden})
	}
	return all
}

// ghost is an id of nothing of the kind.
func (c *company) ghost(noun string) string {
	switch noun {
	case "announcement":
		return core.NewID(core.NounAnnouncement)
	case "policy":
		return core.NewID(core.NounPolicy)
	}
	if noun == "view" {
		return core.NewFilterViewID(c.ids["dashboard"])
	}
	if noun == "share" {
		return core.ShareID(c.ids["dashboard"], core.TargetUser, core.NewID(core.NounUser))
	}
	if noun == "execution" {
		return core.NewExecutionID(core.NewID(core.NounTransform))
	}
	if noun == "request" {
		return core.AccessRequestID(c.ids["dashboard"], core.NewID(core.NounUser))
	}
	name := map[string]string{"dashboard": "dashboard", "dataset": "dataset", "card": "card", "job": "job", "group": "group", "user": "owner", "filter": "filter", "notice": "notice", "session": "session", "key": "key", "transform": "transform"}[noun]
	kind, _ := core.NounOf(c.ids[name])
	return core.NewID(kind)
}

package server_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
)

// ghosts are ids of the same kinds as the world's, of things that are not there.
func (c *company) ghosts() *company {
	ids := map[string]string{}
	for name, id := range c.ids {
		if noun, ok := core.NounOf(id); ok {
			id = core.NewID(noun)
		}
		ids[name] = id
	}
	ids["share"] = core.ShareID(ids["dashboard"], core.TargetGroup, ids["group"])
	ids["request"] = core.AccessRequestID(ids["dashboard"], ids["guest"])
	for name := range ids {
		if noun, _ := core.NounOf(ids[name]); noun == core.NounExecution {
			ids[name] = core.NewExecutionID(ids["transform"])
		}
		if noun, _ := core.NounOf(ids[name]); noun == core.NounFilterView {
			ids[name] = core.NewFilterViewID(ids["dashboard"])
		}
	}
	return &company{ids: ids}
}

// ERR-1, PRM: what may not be seen answers as what is not there, to the letter.
func TestStrangersCannotTellWhatIsThere(t *testing.T) {
	c := newCompany(t)
	h, _ := c.open(t)
	ghosts := c.ghosts()
	order, answers := rows(t, matrix)
	compared := 0
	for _, row := range order {
		if a := answers[row]["stranger"].answer; a != string(core.CodeNotFound) && a != "null" {
			continue
		}
		compared++
		real := h.try(c.tokens["stranger"], c.fill(asked[row]))
		if ghost := h.try(c.tokens["stranger"], ghosts.fill(asked[row])); unsigned(real) != unsigned(ghost) {
			t.Errorf("%s: %s\nof what is not there: %s", row, real.text, ghost.text)
		}
	}
	if compared < 20 {
		t.Errorf("only %d documents were compared", compared)
	}
}

// unsigned is a whole answer without its request's own id. Fields fail in any
// order.
func unsigned(a *answered) string {
	text := a.text
	if len(a.Errors) > 1 {
		problems := []string{}
		for _, e := range a.Errors {
			problems = append(problems, fmt.Sprint(e))
		}
		slices.Sort(problems)
		text = fmt.Sprint(problems, a.Data)
	}
	return a.Status + " " + strings.ReplaceAll(text, a.Header.Get("X-Request-Id"), "")
}

// The same by aliases, fragments and lists in one document.
func TestStrangersByOtherWays(t *testing.T) {
	c := newCompany(t)
	h, _ := c.open(t)
	const document = `{ a: dashboard(id: "<dashboard>") { ...board } b: node(id: "<dashboard>") { ...board } c: card(id: "<card>") { ...piece }
		d: nodes(ids: ["<card>", "<dataset>", "<dashboard>", "<job>", "<share>", "<group>", "<place>", "<filter>", "<spare>", "<unused>"]) { id ...board ...piece ... on Dataset { name path } }
		e: dataset(id: "<dataset>") { ... on Node { id } columnValues(column: "地域", dashboardId: "<dashboard>") { values } } f: importJob(id: "<job>") { dataset { id } } }
		fragment board on Dashboard { id name cards { ...place } shares { id } } fragment place on DashboardCard { card { ...piece } result { html } }
		fragment piece on Card { id name code dataset { id name } }`
	real, ghost := h.try(c.tokens["stranger"], c.fill(document)), h.try(c.tokens["stranger"], c.ghosts().fill(document))
	if unsigned(real) != unsigned(ghost) || len(real.Errors) != 4 {
		t.Errorf("%s\nof what is not there: %s", real.text, ghost.text)
	}
	for name, value := range real.Data {
		if !nothing(value) {
			t.Errorf("%s: %s", name, real.text)
		}
	}
	c.discreet(t, "stranger", real.text)
	// A viewer gets through the dashboard what lies on it, and nothing beside it.
	seen := h.try(c.tokens["viewer"], c.fill(document))
	list, _ := seen.Data["d"].([]any)
	if nothing(seen.Data["a"]) || nothing(seen.Data["b"]) || nothing(seen.Data["c"]) || !nothing(seen.Data["f"]) || len(list) != 10 || nothing(list[:3]) || !nothing(list[3:]) {
		t.Errorf("a viewer sees %s", seen.text)
	}
	c.discreet(t, "viewer", seen.text)
}

// API-8, AU-1: the REST lines ask the same gates.
func TestRESTForEverybody(t *testing.T) {
	c := newCompany(t)
	_, answers := rows(t, matrix)
	for path, row := range map[string]string{"/api/datasets/<dataset>": "Query.dataset", "/api/datasets/<unused>": "Query.dataset/unused", "/api/audit-logs": "Query.auditLogs",
		"/api/transforms": "Query.transforms", "/api/transforms?all=true": "Query.transforms/all", "/api/transforms/<transform>/executions": "Query.transform"} {
		for _, actor := range actors {
			h, _ := c.open(t)
			want := answers[row][actor]
			status, says := core.Code(want.answer).HTTPStatus(), `"code":"`+want.answer+`"`
			if want.answer == "ok" {
				status, says = http.StatusOK, `"data":`
			}
			a := h.send(bearing(get(c.fill(path)), c.tokens[actor]))
			if a.StatusCode != status || !strings.Contains(a.text, says) {
				t.Errorf("%s by %s: %d %s, want %s", path, actor, a.StatusCode, a.text, want.answer)
			}
			if got := len(h.denials(c.ids[actor])); got > 0 != want.audited {
				t.Errorf("%s by %s: %d denials in the audit log", path, actor, got)
			}
			c.discreet(t, actor, a.text)
			h.close()
		}
	}
	h, _ := c.open(t)
	real := h.send(bearing(get(c.fill("/api/datasets/<dataset>")), c.tokens["stranger"]))
	if ghost := h.send(bearing(get(c.ghosts().fill("/api/datasets/<dataset>")), c.tokens["stranger"])); unsigned(real) != unsigned(ghost) {
		t.Errorf("%s\nof what is not there: %s", real.text, ghost.text)
	}
}

func bearing(r *http.Request, token string) *http.Request {
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return r
}

func TestGraphiQLForEverybody(t *testing.T) {
	c := newCompany(t)
	h, _ := c.open(t)
	for _, actor := range actors {
		status := map[string]int{"anonymous": 401, "locked": 401, "ended": 401, "admin": 200}[actor]
		if status == 0 {
			status = 403
		}
		r := get("/graphiql")
		r.AddCookie(&http.Cookie{Name: "karuta_session", Value: c.tokens[actor]})
		if a := h.send(r); a.StatusCode != status {
			t.Errorf("%s: %d %s", actor, a.StatusCode, a.text)
		}
	}
}

// CD-7: the address of a result is itself the right to see that one result for
// some minutes, because a sandboxed page carries no session. Nothing about it
// can be changed.
func TestAddressesOfResults(t *testing.T) {
	c := newCompany(t)
	h, _ := c.open(t)
	ran := h.try(c.tokens["viewer"], c.fill(asked["Mutation.executeCard"])).object(t, "executeCard", "result")
	prefix, token, _ := strings.Cut(ran["url"].(string), "page/")
	status := func(token string) int { return h.send(get(prefix + "page/" + token)).StatusCode }
	if a := h.send(get(ran["url"].(string))); a.StatusCode != 200 || !strings.Contains(a.text, inside) || strings.Contains(a.text, private) {
		t.Fatalf("%d %s", a.StatusCode, a.text)
	}
	for i := range len(token) - 1 { // bits of the last character may say nothing
		other := byte('A')
		if token[i] == other {
			other = 'B'
		}
		if got := status(token[:i] + string(other) + token[i+1:]); got != 404 {
			t.Errorf("with another character at %d: %d", i, got)
		}
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	must(t, err)
	parts := strings.Split(string(raw), ".")
	for what, forged := range map[string]string{
		"a later end":        parts[0] + ".9999999999." + parts[2],
		"an end long ago":    parts[0] + ".1." + parts[2],
		"another's result":   strings.ToUpper(parts[0]) + "." + parts[1] + "." + parts[2],
		"a way out":          "../" + parts[0] + "." + parts[1] + "." + parts[2],
		"no signature":       parts[0] + "." + parts[1] + ".",
		"only a signature":   parts[2],
		"nothing":            "",
		"another's password": parts[0] + "." + parts[1] + "." + strings.Repeat("0", len(parts[2])),
	} {
		if got := status(base64.RawURLEncoding.EncodeToString([]byte(forged))); got != 404 {
			t.Errorf("%s: %d", what, got)
		}
	}
}

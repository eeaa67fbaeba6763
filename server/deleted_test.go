package server_test

import (
	"maps"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
)

// doors are all ways to ask for a dataset: the documents of the matrix that name
// one, with <it> in its place, and the paths of the REST interface. Left out is
// what tells of deleted things because it is there for that.
func doors() map[string]string {
	all := map[string]string{}
	for row, document := range asked {
		if tells := strings.HasPrefix(row, "Mutation.restoreDataset/") || strings.HasPrefix(row, "Query.accessReport"); tells {
			continue
		}
		it := strings.NewReplacer("<dataset>", "<it>", "<unused>", "<it>").Replace(document)
		if strings.Contains(it, "<it>") {
			all[row] = it
		}
	}
	all["GET"], all["POST"] = "/api/datasets/<it>", "/api/datasets/<it>/import"
	return all
}

// knock asks at a door for a dataset and gives the answer without its id.
func (c *company) knock(h *house, actor, door, id string) string {
	text := c.fill(strings.ReplaceAll(door, "<it>", id))
	var a *answered
	switch {
	case strings.HasSuffix(door, "/import"):
		a = h.send(bearing(httptest.NewRequest("POST", text, strings.NewReader("{}")), c.tokens[actor]))
	case strings.HasPrefix(door, "/"):
		a = h.send(bearing(httptest.NewRequest("GET", text, nil), c.tokens[actor]))
	default:
		a = h.try(c.tokens[actor], text)
	}
	return changing.ReplaceAllString(strings.ReplaceAll(a.text, id, "<it>"), "")
}

// changing is what differs from one answer to the next.
var changing = regexp.MustCompile(`"requestId":"[^"]*"|"expiresAt":"[^"]*"|"url":"[^"]*"`)

// DS-15: at every door a deleted dataset is as if it had never been, for whoever
// asks, and once it is back each door answers as before.
func TestADeletedDatasetIsBehindNoDoor(t *testing.T) {
	c := newCompany(t)
	h, _ := c.open(t)
	people := []string{"owner", "admin", "viewer", "stranger", "anonymous"}
	it, never := c.ids["unused"], core.NewID(core.NounDataset)
	all := doors()
	if len(all) < 20 {
		t.Fatalf("only %d doors", len(all))
	}
	before := map[string]string{}
	for row, door := range all {
		if strings.HasPrefix(row, "Query.") || row == "GET" {
			for _, who := range people {
				before[row+" "+who] = c.knock(h, who, door, it)
			}
		}
	}
	if a := h.ask(c.tokens["owner"], c.fill(asked["Mutation.deleteDataset/unused"]), nil); len(a.Errors) > 0 {
		t.Fatal(a.text)
	}
	for _, row := range slices.Sorted(maps.Keys(all)) {
		for _, who := range people {
			got, want := c.knock(h, who, all[row], it), c.knock(h, who, all[row], never)
			if row == "Query.datasetDiagnosis" && who == "admin" {
				want = strings.Replace(want, "NOT_FOUND", "RESTORE", 1)
			}
			if got != want {
				t.Errorf("%s by %s: %s\nof what never was: %s", row, who, got, want)
			}
		}
	}
	c.wantInNoList(t, h, it)
	if a := h.ask(c.tokens["owner"], `mutation { restoreDataset(input: {id: "`+it+`"}) { dataset { id } } }`, nil); len(a.Errors) > 0 {
		t.Fatal(a.text)
	}
	for key, want := range before {
		row, who, _ := strings.Cut(key, " ")
		if got := c.knock(h, who, all[row], it); got != want {
			t.Errorf("%s by %s: %s\nbefore: %s", row, who, got, want)
		}
	}
}

// wantInNoList wants the id of a deleted dataset in no answer to what does not
// name it, but those that list deleted ones.
func (c *company) wantInNoList(t *testing.T, h *house, id string) {
	t.Helper()
	for row, document := range asked {
		field, found := strings.CutPrefix(row, "Query.")
		named := strings.Contains(document, "<unused>") || strings.HasPrefix(field, "accessReport") || strings.HasPrefix(field, "auditLogs")
		if !found || named {
			continue
		}
		for _, who := range []string{"owner", "admin"} {
			told := strings.Contains(h.try(c.tokens[who], c.fill(document)).text, id)
			if want := row == "Query.deletedDatasets/all" && who == "admin" || row == "Query.deletedDatasets" && who == "owner"; told != want {
				t.Errorf("%s tells %s of it: %t", row, who, told)
			}
		}
	}
}

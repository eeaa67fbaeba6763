package apptest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/app/apptest"
	"github.com/karuta-bi/karuta/internal/app/demo"
	"github.com/karuta-bi/karuta/internal/core"
)

// company is a Karuta with the demo in it.
type company struct {
	*apptest.Instance
	services demo.Services
}

func (c *company) build(t *testing.T) {
	t.Helper()
	if err := demo.Build(t.Context(), c.services); err != nil {
		t.Fatal(err)
	}
}

// as signs in a person of the demo.
func (c *company) as(t *testing.T, email string) apptest.Client {
	t.Helper()
	ctx := core.AsSystem(t.Context(), "test")
	u, err := c.App.Identity.UserByEmail(ctx, email)
	if err != nil {
		t.Fatal(err)
	}
	in, err := c.App.Identity.Mint(ctx, u.ID)
	if err != nil {
		t.Fatal(err)
	}
	return apptest.Client{URL: c.URL, Token: in.Token}
}

// pages are the ids of the dashboards that somebody is shown, by name.
func pages(t *testing.T, who apptest.Client) map[string]string {
	t.Helper()
	ids := map[string]string{}
	list, _ := who.Must(t, `{ dashboards(first: 50) { nodes { id name } } }`, nil).Get("dashboards.nodes").([]any)
	for _, d := range list {
		d := d.(map[string]any)
		ids[d["name"].(string)] = d["id"].(string)
	}
	return ids
}

// cardsOf renders the cards of a dashboard: the rows that went in, by name.
func cardsOf(t *testing.T, who apptest.Client, id string, filters ...any) map[string]float64 {
	t.Helper()
	cards, _ := who.Must(t, page, map[string]any{"id": id, "filters": filters}).Get("dashboard.cards").([]any)
	rows := map[string]float64{}
	for _, c := range cards {
		c := c.(map[string]any)
		name, result := c["card"].(map[string]any)["name"].(string), c["result"].(map[string]any)
		html := result["html"].(string)
		if html == "" || strings.Contains(html, "match these filters") || strings.Contains(html, "データはありません") {
			t.Errorf("%s shows %q", name, html)
		}
		rows[name], _ = result["rowsIn"].(float64)
	}
	return rows
}

// Everybody's cards of the demo are drawn, the reader's over less; the author has
// something to decide; and building it again changes nothing.
func TestTheDemo(t *testing.T) {
	apptest.NeedsPython(t)
	k := apptest.Start(t)
	c := &company{k, demo.Services{
		Identity: k.App.Identity, Datasets: k.App.Datasets, Cards: k.App.Cards, Dashboards: k.App.Dashboards, Transforms: k.App.Transforms,
		Marker: filepath.Join(t.TempDir(), "marker"),
	}}
	c.build(t)
	admin, editor, viewer := c.as(t, "admin@example.com"), c.as(t, "editor@example.com"), c.as(t, "viewer@example.com")
	for who, want := range map[*apptest.Client]int{&admin: 1, &editor: 3, &viewer: 2} {
		shown := pages(t, *who)
		if len(shown) != want {
			t.Errorf("%d dashboards, want %d: %v", len(shown), want, shown)
		}
		for _, id := range shown {
			cardsOf(t, *who, id)
		}
	}
	ids := pages(t, editor)
	c.narrowed(t, editor, viewer, ids["日本の人口 2010–2020"])
	c.decisions(t, editor, viewer, ids["Flights and birds"])
	c.yearly(t, admin)

	before := c.state(t, admin, editor, viewer)
	if err := os.Remove(c.services.Marker); err != nil {
		t.Fatal(err)
	}
	c.build(t)
	if after := c.state(t, admin, editor, viewer); !slices.Equal(before, after) {
		t.Errorf("built again:\n%s\nbefore:\n%s", after, before)
	}
}

// narrowed: by the policy on the census, the reader's regions alone.
func (c *company) narrowed(t *testing.T, editor, viewer apptest.Client, census string) {
	t.Helper()
	all, part := cardsOf(t, editor, census), cardsOf(t, viewer, census)
	if all["地方別の人口"] != 141 || part["地方別の人口"] != 69 || len(part) != 5 {
		t.Errorf("the author's cards have %v rows, the reader's %v", all, part)
	}
}

// decisions: the filter view that the flights begin with, the column that is not
// for all, and the request that waits for the author.
func (c *company) decisions(t *testing.T, editor, viewer apptest.Client, flights string) {
	t.Helper()
	first := viewer.Must(t, `query($id: ID!) { dashboard(id: $id) { defaultFilterView { name isShared resolvedFilters { column from to } } } }`, map[string]any{"id": flights})
	from, to := first.Str("dashboard.defaultFilterView.resolvedFilters.0.from"), first.Str("dashboard.defaultFilterView.resolvedFilters.0.to")
	if from != "2001-02-01" || to != "2001-02-28" {
		t.Errorf("the flights begin with %s", first.Raw)
	}
	february := cardsOf(t, viewer, flights, map[string]any{"column": "departed_at", "from": from, "to": to})
	if all := cardsOf(t, viewer, flights); february["When flights leave late"] >= all["When flights leave late"] || february["When flights leave late"] == 0 {
		t.Errorf("%v rows in February, %v in all", february, all)
	}
	const columns = `query($id: ID!) { dashboard(id: $id) { cards { card { dataset { columns { name } } } } } }`
	for who, want := range map[*apptest.Client]bool{&editor: true, &viewer: false} {
		if a := who.Must(t, columns, map[string]any{"id": flights}); strings.Contains(a.Raw, "cost_usd") != want || !strings.Contains(a.Raw, "wildlife_size") {
			t.Errorf("columns, the costs %t: %s", want, a.Raw)
		}
	}
	if a := editor.Must(t, `{ notifications(unreadOnly: true) { nodes { kind request { message } } } }`, nil); strings.Count(a.Raw, "ACCESS_REQUESTED") != 1 || !strings.Contains(a.Raw, "編集できるように") {
		t.Errorf("the author is told %s", a.Raw)
	}
}

// yearly: the transform has made a dataset, and runs by itself once somebody switches
// its schedule on.
func (c *company) yearly(t *testing.T, admin apptest.Client) {
	t.Helper()
	a := admin.Must(t, `{ transforms { nodes { name schedule { cron enabled } output { name rowCount columns { name type } } executions { nodes { status error { message traceback { message } } } } } } }`, nil)
	if a.Str("transforms.nodes.0.executions.nodes.0.status") != "SUCCEEDED" || a.Get("transforms.nodes.0.schedule.enabled") != false || a.Str("transforms.nodes.0.schedule.cron") == "" ||
		a.Get("transforms.nodes.0.output.rowCount").(float64) < 50 || a.Str("transforms.nodes.0.output.columns.1.name") != "CO₂ (ppm)" {
		t.Error(a.Raw)
	}
}

// state is what building the demo makes, as its people see it.
func (c *company) state(t *testing.T, people ...apptest.Client) (seen []string) {
	t.Helper()
	for _, who := range people {
		for _, document := range []string{
			`{ me { attributes { name values } groups { id } } notifications { nodes { id kind } } }`,
			`{ datasets(first: 50) { nodes { id version policies { id } } } cards(first: 50) { nodes { id version } } }`,
			`{ transforms { nodes { id version executions { nodes { id } } } } }`,
			`{ dashboards(first: 50) { nodes { id version updatedAt filterViews { nodes { id version } } defaultFilterView { id } } } }`,
		} {
			seen = append(seen, fmt.Sprint(who.Must(t, document, nil).Data))
		}
	}
	return seen
}

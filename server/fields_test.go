package server_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/graph"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/resolvers"
)

// fieldMatrix is who sees the fields that are not for everybody who sees the
// thing: shown, - for null and empty, or the code of a refusal as in matrix.
// The people and the things are those of the matrix.
const fieldMatrix = `
                                viewer editor coowner owner member admin
Card.code                       -      -      -       shown -      shown
Card.params                     -      -      -       shown -      shown
Card.runs                       403    403    403     shown 403    shown
Column.proposed                 shown  shown  shown   shown shown  shown
CardSnapshot.code               -      -      -       shown -      shown
CardSnapshot.params             -      -      -       shown -      shown
CardResult.log                  -      -      -       shown -      shown
DashboardCard.rows              shown  shown  shown   shown shown  shown
Dashboard.myPermission          shown  shown  shown   shown shown  -
Dashboard.shares                403    403    shown   shown 403    shown
Dashboard.shares/node           403    403    shown   shown 403    shown
Dashboard.accessRequests        403    403    shown   shown 403    shown
Dashboard.filterViews           shown  shown  shown   shown shown  shown
FilterView.filters              shown  shown  shown   shown shown  shown
FilterView.filters/private      403    403    403     shown 403    403
FilterView.filters/node         shown  -      -       -     -      -
Notice.request                  -      -      -       shown -      -
Notice.target                   -      -      -       shown -      -
Dataset.path                    -      -      -       shown -      shown
Dataset.policies                -      -      -       shown -      shown
Dataset.preview                 403    403    403     shown 403    shown
Dataset.preview/card            403    403    403     shown 403    shown
Dataset.columnValues            403    403    403     shown 403    shown
Dataset.columnValues/filter     shown  shown  shown   shown shown  shown
Dataset.columnValues/other      400    400    400     400   400    400
Dataset.statistics              403    403    403     shown 403    shown
Dataset.versions                403    403    403     shown 403    shown
Dataset.writtenBy               -      -      -       shown -      shown
Dataset.s3                      -      -      -       -     -      -
Dataset.s3/unused               404    404    404     shown 404    shown
Group.claim                     404    404    404     404   -      shown
Group.members                   403    403    -       -     403    shown
Group.members/own               404    404    404     404   shown  shown
HealthComponent.detail          -      -      -       -     -      shown
HealthComponent.layers          -      -      -       -     -      shown
PolicyEffect.applied            -      403    -       shown 403    shown
PersonAccessConnection.administratorCount 403 403 shown shown 403 shown
AccessExplanation.policies      shown  403    -       shown 403    shown
User.owned                      -      -      -       -     -      shown
User.role                       -      -      -       shown -      shown
User.locale                     -      -      shown   -     -      shown
User.groups                     -      -      -       -     shown  shown
User.attributes                 -      -      -       shown -      shown
User.piiAccess                  -      -      -       shown -      shown
User.issuerLink                 -      -      -       shown -      shown
User.createdAt                  -      -      -       shown -      shown
User.deactivatedAt              -      -      -       -     -      shown
`

// fieldsAsked are the documents; the field in question is called x.
var fieldsAsked = map[string]string{
	"Card.code":                                 `{ card(id: "<card>") { x: code } }`,
	"Card.params":                               `{ node(id: "<card>") { ... on Card { x: params } } }`,
	"Column.proposed":                           `{ dashboard(id: "<dashboard>") { cards { card { dataset { columns { x: proposed { class } } } } } } }`,
	"CardSnapshot.code":                         `{ snapshot(id: "<snapshot>", dashboardId: "<dashboard>") { x: code } }`,
	"CardSnapshot.params":                       `{ snapshot(id: "<snapshot>", dashboardId: "<dashboard>") { x: params } }`,
	"Card.runs":                                 `{ card(id: "<card>") { x: runs { id at message } } }`,
	"CardResult.log":                            `{ dashboard(id: "<dashboard>") { cards { result { x: log } } } }`,
	"DashboardCard.rows":                        `{ dashboard(id: "<dashboard>") { cards { x: rows { rows } } } }`,
	"Dashboard.myPermission":                    `{ dashboard(id: "<dashboard>") { x: myPermission } }`,
	"Dashboard.shares":                          `{ dashboard(id: "<dashboard>") { x: shares { id } } }`,
	"Dashboard.shares/node":                     `{ nodes(ids: ["<dashboard>"]) { ... on Dashboard { x: shares { target { ... on User { email } } } } } }`,
	"Dashboard.accessRequests":                  `{ dashboard(id: "<dashboard>") { x: accessRequests { id user { email } } } }`,
	"Dashboard.filterViews":                     `{ dashboard(id: "<dashboard>") { filterViews { nodes { x: filters { values } } } } }`,
	"FilterView.filters":                        `{ filterView(id: "<view>") { x: filters { values } } }`,
	"FilterView.filters/private":                `{ filterView(id: "<own view>") { x: filters { values } } }`,
	"FilterView.filters/node":                   `{ node(id: "<viewer's view>") { ... on FilterView { x: filters { values } } } }`,
	"Notice.request":                            `{ notifications { nodes { x: request { message } } } }`,
	"Notice.target":                             `{ notifications { nodes { x: target { id } } } }`,
	"Dataset.path":                              `{ dashboard(id: "<dashboard>") { cards { card { dataset { x: path } } } } }`,
	"Dataset.policies":                          `{ dashboard(id: "<dashboard>") { cards { card { dataset { x: policies { id name } } } } } }`,
	"Dataset.preview":                           `{ dataset(id: "<dataset>") { x: preview { rows } } }`,
	"Dataset.preview/card":                      `{ dashboard(id: "<dashboard>") { cards { card { dataset { x: preview { rows } } } } } }`,
	"Dataset.columnValues":                      `{ dataset(id: "<dataset>") { x: columnValues(column: "地域") { values } } }`,
	"Dataset.columnValues/filter":               `{ dataset(id: "<dataset>") { x: columnValues(column: "地域", dashboardId: "<dashboard>") { values } } }`,
	"Dataset.columnValues/other":                `{ dataset(id: "<dataset>") { x: columnValues(column: "額", dashboardId: "<dashboard>") { values } } }`,
	"Dataset.writtenBy":                         `{ dashboard(id: "<dashboard>") { cards { card { dataset { x: writtenBy { name } } } } } }`,
	"Dataset.s3":                                `{ dashboard(id: "<dashboard>") { cards { card { dataset { x: s3 { key } } } } } }`,
	"Dataset.s3/unused":                         `{ dataset(id: "<unused>") { x: s3 { bucket key } } }`,
	"Dataset.statistics":                        `{ dataset(id: "<dataset>") { x: statistics { rowCount } } }`,
	"Dataset.versions":                          `{ dataset(id: "<dataset>") { x: versions { nodes { number } } } }`,
	"Group.claim":                               `{ group(id: "<group>") { x: claim } }`,
	"Group.members":                             `{ dashboard(id: "<dashboard>") { shares { target { ... on Group { x: members { nodes { userId } } } } } } }`,
	"Group.members/own":                         `{ group(id: "<group>") { x: members { nodes { userId } } } }`,
	"HealthComponent.detail":                    `{ health { components { x: detail } } }`,
	"HealthComponent.layers":                    `{ health { components { x: layers { name required holds mechanism detail } } } }`,
	"AccessExplanation.policies":                `{ whyCanAccess(userId: "<viewer>", resource: "<dashboard>") { x: policies { extent sentence dataset { name } } } }`,
	"PersonAccessConnection.administratorCount": `{ effectiveAccess(dashboardId: "<dashboard>") { x: administratorCount } }`,
	"PolicyEffect.applied":                      `{ whyCanAccess(userId: "<viewer>", resource: "<dashboard>") { policies { x: applied { id name sentence } } } }`,
	"User.owned":                                `{ node(id: "<owner>") { ... on User { x: owned { dashboardCount cards { name } } } } }`,
	"User.role":                                 `{ node(id: "<owner>") { ... on User { x: role } } }`,
	"User.locale":                               `{ node(id: "<coowner>") { ... on User { x: locale } } }`,
	"User.groups":                               `{ users(query: "<member mail>") { nodes { x: groups { id } } } }`,
	"User.attributes":                           `{ node(id: "<owner>") { ... on User { x: attributes { name values } } } }`,
	"User.piiAccess":                            `{ dashboard(id: "<dashboard>") { owner { x: piiAccess } } }`,
	"User.issuerLink":                           `{ dashboard(id: "<dashboard>") { owner { x: issuerLink { issuer } } } }`,
	"User.createdAt":                            `{ dashboard(id: "<dashboard>") { owner { x: createdAt } } }`,
	"User.deactivatedAt":                        `{ node(id: "<locked>") { ... on User { x: deactivatedAt } } }`,
}

// Every field that its description keeps for administrators stands in the table.
func TestFieldsAreCovered(t *testing.T) {
	for _, d := range graph.NewExecutableSchema(graph.Config{}).Schema().Types {
		for _, f := range d.Fields {
			name := d.Name + "." + f.Name
			if d.IsCompositeType() && d.Name != "Query" && d.Name != "Mutation" && d.Name != "Subscription" && strings.Contains(f.Description, "dministrator") &&
				!strings.Contains(fieldMatrix, "\n"+name+" ") {
				t.Errorf("who sees %s is not declared", name)
			}
		}
	}
}

func TestFieldsForSome(t *testing.T) {
	c := newCompany(t)
	h, _ := c.open(t)
	h.resolver.Services.Monitor = resolvers.NewMonitor(resolvers.Probe{Name: "sandbox", Layers: func(context.Context) ([]graph.SandboxLayer, error) {
		return []graph.SandboxLayer{{Name: "files", Mechanism: private}}, errors.New(private)
	}})
	c.enrich(h)
	ran := h.ask(c.tokens["viewer"], c.fill(`mutation { executeCard(input: {cardId: "<card>", dashboardId: "<dashboard>"}) { result { snapshotId } } }`), nil)
	c.ids["snapshot"], _ = ran.object(t, "executeCard", "result")["snapshotId"].(string)
	h.summarise(c.ids["dataset"])
	_, err := h.store.Groups.SetClaim(t.Context(), c.ids["group"], 1, "sales")
	must(t, err)
	lines := strings.Split(strings.TrimSpace(fieldMatrix), "\n")
	people := strings.Fields(lines[0])
	for _, line := range lines[1:] {
		cells := strings.Fields(line)
		if len(cells) != len(people)+1 || fieldsAsked[cells[0]] == "" {
			t.Fatalf("%s has no document or not an answer for everybody", cells[0])
		}
		for i, actor := range people {
			a := h.try(c.tokens[actor], c.fill(fieldsAsked[cells[0]]))
			if got := a.shown(); got != readCell(cells[i+1]).answer {
				t.Errorf("%s by %s: %s, want %s: %s", cells[0], actor, got, cells[i+1], a.text)
			}
			c.discreet(t, actor, a.text)
		}
	}
}

// summarise keeps the statistics of a dataset, as the executor would.
func (h *house) summarise(id string) {
	d, err := h.store.Datasets.Get(h.t.Context(), id)
	must(h.t, err)
	s := &client.Summary{RowCount: d.RowCount}
	for _, c := range d.Columns {
		s.Columns = append(s.Columns, client.ColumnSummary{Name: c.Name, Type: c.Type})
	}
	var out bytes.Buffer
	must(h.t, s.Write(&out))
	_, err = h.blobs.Put(h.t.Context(), d.Path+"whole/"+client.SummaryName, &out)
	must(h.t, err)
}

// enrich makes of the dataset one that a transform wrote, with a class that was
// found for a column, and links the owner with the issuer.
func (c *company) enrich(h *house) {
	_, err := h.store.Datasets.Edit(h.t.Context(), c.ids["dataset"], 0, func(d *core.Dataset) error {
		d.TransformID = c.ids["transform"]
		d.Columns[1].Proposed = core.Proposal{Class: core.ClassIndirect, Kind: core.KindPersonal, Evidence: core.EvidenceName}
		return nil
	})
	must(h.t, err)
	must(h.t, h.store.Users.Link(h.t.Context(), c.ids["owner"], someIssuer, "1", func(*core.User) error { return nil }))
}

// shown tells what of the field x came: its refusal, something, or nothing.
func (a *answered) shown() string {
	if len(a.Errors) > 0 {
		return a.code()
	}
	if something(a.Data, false) {
		return "shown"
	}
	return "-"
}

// something tells whether below a field x there is any value.
func something(v any, within bool) bool {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			if something(inner, within || name == "x") {
				return true
			}
		}
	case []any:
		for _, inner := range v {
			if something(inner, within) {
				return true
			}
		}
	default:
		return within && v != nil && v != ""
	}
	return false
}

package apptest_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/karuta-bi/karuta/internal/app/apptest"
	"github.com/karuta-bi/karuta/internal/core"
)

// policySeeds are the walks through random policies: those of the long form. The
// short one takes the first, so a seed that once failed comes to the front.
var policySeeds = []uint64{1, 2, 3}

// policySteps is how many changes a walk makes.
func policySteps() (seeds []uint64, steps int) {
	if os.Getenv("KARUTA_LONG") != "" {
		return policySeeds, 50
	}
	return policySeeds[:1], 12
}

// TestRandomPoliciesAtEveryDoor: directly after every change of random policies
// and of the people that they are for, everybody at the same time gets through
// every door exactly the cells that the policies give them by the naive rule, row
// by row, and finds nothing else in HTML, in kept results, in errors; and nothing
// is logged.
func TestRandomPoliciesAtEveryDoor(t *testing.T) {
	apptest.NeedsPython(t)
	seeds, steps := policySteps()
	for _, seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			o := newOffice(t, rand.New(rand.NewPCG(seed, 4)))
			for step := 0; step < steps && !t.Failed(); step++ {
				told := o.change(t)
				o.everybodyPulls(t)
				if t.Failed() {
					t.Logf("step %d: %s\n%+v\nclasses %v", step, told, o.rules, o.classes)
				}
			}
			if !t.Failed() {
				o.seen.allKinds(t)
			}
			if a := o.owner.Do(t, pageDocument, map[string]any{"id": o.page}); len(a.Errors) != 1 || !mark.MatchString(fmt.Sprint(a.Errors)) || a.Str("dashboard.cards.1.result.log") == "" {
				t.Errorf("the author is not told what everybody else must not be: %s", a.Raw)
			}
			for name, log := range map[string]string{"API": o.k.Log(), "executor": o.k.ExecutorLog(t)} {
				if found := mark.FindAllString(log, -1); len(found) > 0 || log == "" {
					t.Errorf("the log of the %s of %d bytes says %q", name, len(log), found)
				}
			}
		})
	}
}

// office is a company that looks at its roster through two pages.
type office struct {
	world
	k            *apptest.Instance
	r            *rand.Rand
	owner, admin apptest.Client
	viewers      []*viewer
	targets      []string // people and groups whom policies may be for
	dataset      string
	page, narrow string // all cards, and the plain one alone
	cards        map[string]string
	seen         tally
}

// viewer is somebody with whom the pages are shared.
type viewer struct {
	seer
	apptest.Client
	name string
}

func newOffice(t *testing.T, r *rand.Rand) *office {
	o := &office{k: apptest.Start(t, "LOG_LEVEL=DEBUG"), r: r, world: world{records: drawRoster(r), classes: map[string]string{}}}
	o.owner, _ = o.k.Somebody(t, core.RoleUser)
	o.admin, _ = o.k.Somebody(t, core.RoleAdmin)
	o.hire(t)
	o.dataset = o.owner.ImportApproved(t, o.admin, "社員", "roster.csv", csvOf(o.records))
	o.cards = map[string]string{}
	for _, name := range cardNames {
		o.cards[name] = o.owner.Must(t, `mutation($input: CreateCardInput!) { createCard(input: $input) { card { id } } }`,
			map[string]any{"input": map[string]any{"name": name, "datasetId": o.dataset, "code": cardCodes[name]}}).Str("createCard.card.id")
	}
	o.page, o.narrow = o.layOut(t, "VIEWER", cardNames...), o.layOut(t, "EDITOR", "plain")
	o.keepViews(t)
	return o
}

// hire makes the viewers, of whom one sees personal data, and their groups.
func (o *office) hire(t *testing.T) {
	groups := []string{}
	for _, name := range []string{"課長", "全員"} {
		groups = append(groups, o.admin.Must(t, `mutation($n: String!) { createGroup(input: {name: $n}) { group { id } } }`, map[string]any{"n": name}).Str("createGroup.group.id"))
	}
	for _, v := range []*viewer{
		{name: "east", seer: seer{groups: groups[1:], attributes: map[string][]string{"region": {"東京"}, "department": {"営業", "開発"}}}},
		{name: "west", seer: seer{groups: groups, attributes: map[string][]string{"region": {"大阪", "福岡"}, "pay": {o.records[1].cell("給与"), o.records[2].cell("給与")}}}},
		{name: "officer", seer: seer{groups: groups[1:], attributes: map[string][]string{"department": {"人事"}}, pii: true}},
		{name: "newcomer"},
	} {
		var u *core.User
		v.Client, u = o.k.Somebody(t, core.RoleUser)
		v.id = u.ID
		for _, g := range v.groups {
			o.admin.Must(t, `mutation($g: ID!, $u: ID!) { addGroupMember(input: {groupId: $g, userId: $u}) { group { id } } }`, map[string]any{"g": g, "u": v.id})
		}
		o.tell(t, v)
		o.viewers, o.targets = append(o.viewers, v), append(o.targets, v.id)
	}
	o.targets = append(o.targets, groups...)
}

// layOut makes a page of the cards with a filter on every column, for all viewers.
func (o *office) layOut(t *testing.T, permission string, cards ...string) (dashboardID string) {
	var places, filters []any
	for i, name := range cards {
		places = append(places, map[string]any{"cardId": o.cards[name], "x": 0, "y": i, "w": 12, "h": 1})
	}
	for _, column := range rosterColumns {
		filters = append(filters, category(column))
	}
	filters = append(filters, map[string]any{"type": "DATE_RANGE", "column": "入社日", "label": "期間"})
	dashboardID = pageOf(t, o.owner, places)
	o.owner.Must(t, `mutation($input: UpdateDashboardInput!) { updateDashboard(input: $input) { dashboard { id } } }`,
		map[string]any{"input": map[string]any{"id": dashboardID, "version": 2, "filters": filters}})
	for _, v := range o.viewers {
		o.owner.Must(t, `mutation($input: CreateShareInput!) { createShare(input: $input) { share { id } } }`, map[string]any{"input": map[string]any{
			"dashboardId": dashboardID, "target": map[string]any{"type": "USER", "id": v.id}, "permission": permission,
		}})
	}
	return dashboardID
}

// keepViews shares a filter view for each column, which chooses a value of its first row.
func (o *office) keepViews(t *testing.T) {
	for _, column := range rosterColumns {
		o.owner.Must(t, `mutation($input: CreateFilterViewInput!) { createFilterView(input: $input) { filterView { id } } }`, map[string]any{"input": map[string]any{
			"dashboardId": o.page, "name": column, "isShared": true, "filters": []any{map[string]any{"column": column, "values": []any{o.records[0].cell(column)}}},
		}})
	}
}

// change makes, changes or removes a policy, or changes classes or what somebody
// is to the policies, as it comes.
func (o *office) change(t *testing.T) (told string) {
	t.Helper()
	if o.r.IntN(6) == 0 {
		return o.changeSomebody(t)
	}
	version := o.owner.Must(t, `query($id: ID!) { dataset(id: $id) { version } }`, map[string]any{"id": o.dataset}).Get("dataset.version")
	in := map[string]any{"datasetId": o.dataset, "version": version}
	if len(o.rules) == 0 || len(o.rules) < 3 && o.r.IntN(3) == 0 {
		p := o.drawRule(o.r, o.targets)
		fill(in, p)
		p.id = o.owner.Must(t, `mutation($in: CreatePolicyInput!) { createPolicy(input: $in) { policy { id } } }`, map[string]any{"in": in}).Str("createPolicy.policy.id")
		o.rules = append(o.rules, p)
		return "created"
	}
	at := o.r.IntN(len(o.rules))
	in["id"] = o.rules[at].id
	switch o.r.IntN(7) {
	case 0:
		o.owner.Must(t, `mutation($in: DeletePolicyInput!) { deletePolicy(input: $in) { deletedId } }`, map[string]any{"in": in})
		o.rules = slices.Delete(o.rules, at, at+1)
		return "deleted"
	case 1, 2:
		change := map[string]any{"id": o.dataset, "version": version, "columns": o.drawClasses(o.r)}
		o.owner.Must(t, `mutation($in: UpdateDatasetInput!) { updateDataset(input: $in) { dataset { id } } }`, map[string]any{"in": change})
		return "classes"
	}
	p := o.drawRule(o.r, o.targets)
	p.id = o.rules[at].id
	fill(in, p)
	o.owner.Must(t, `mutation($in: UpdatePolicyInput!) { updatePolicy(input: $in) { policy { id } } }`, map[string]any{"in": in})
	o.rules[at] = p
	return "updated"
}

// changeSomebody gives or takes access to personal data, attributes or a group.
func (o *office) changeSomebody(t *testing.T) (told string) {
	v := pickOne(o.r, o.viewers...)
	switch o.r.IntN(4) {
	case 0:
		v.attributes = map[string][]string{"region": {pickOne(o.r, "東京", "大阪")}, "department": {pickOne(o.r, "営業", "人事")}}
		o.tell(t, v)
		return v.name + " has other attributes"
	case 1:
		if len(v.groups) > 0 {
			o.admin.Must(t, `mutation($g: ID!, $u: ID!) { removeGroupMember(input: {groupId: $g, userId: $u}) { group { id } } }`, map[string]any{"g": v.groups[0], "u": v.id})
			v.groups = v.groups[1:]
			return v.name + " has left a group"
		}
	}
	v.pii = !v.pii
	o.tell(t, v)
	return fmt.Sprint(v.name, " has access to personal data: ", v.pii)
}

// tell sets what an administrator says of somebody.
func (o *office) tell(t *testing.T, v *viewer) {
	given := []any{}
	for name, values := range v.attributes {
		given = append(given, map[string]any{"name": name, "values": values})
	}
	o.admin.Must(t, `mutation($u: ID!, $a: [UserAttributeInput!]!, $p: Boolean!) {
		setUserAttributes(input: {userId: $u, attributes: $a}) { user { id } } setPiiAccess(input: {userId: $u, piiAccess: $p}) { user { id } } }`,
		map[string]any{"u": v.id, "a": given, "p": v.pii})
}

// fill writes the whole policy into its input.
func fill(in map[string]any, p rule) {
	targets, hidden, maskedColumns := []any{}, []any{}, []any{}
	for _, id := range p.targets {
		kind := "USER"
		if strings.HasPrefix(id, "grp") {
			kind = "GROUP"
		}
		targets = append(targets, map[string]any{"type": kind, "id": id})
	}
	for column, how := range p.cells {
		if how == "HIDDEN" {
			hidden = append(hidden, column)
		} else {
			maskedColumns = append(maskedColumns, map[string]any{"column": column, "mask": how})
		}
	}
	in["name"], in["targets"], in["rows"], in["hidden"], in["masked"] = "規則", targets, p.rows.input(), hidden, maskedColumns
}

// everybodyPulls lets all viewers ask at the same time, and the owner and an
// administrator look through their eyes meanwhile.
func (o *office) everybodyPulls(t *testing.T) {
	var asking sync.WaitGroup
	var pulls []*pull
	for _, v := range o.viewers {
		p := o.newPull(t, v)
		pulls = append(pulls, p)
		asking.Go(p.everyDoor)
	}
	asking.Wait()
	if !t.Failed() {
		exportsOf(pickOne(o.r, pulls...))
	}
	for name, who := range map[string]apptest.Client{"owner": o.owner, "admin": o.admin} {
		all := who.Do(t, pageDocument, map[string]any{"id": o.narrow})
		if rows, ok := tableAt(all, "dashboard.cards.0.rows"); !ok || len(rows.rows) != rosterRows || len(marksIn(all.Raw)) < 4*rosterRows {
			t.Errorf("the %s does not see all: %s", name, all.Raw)
		}
	}
}

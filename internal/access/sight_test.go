package access

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/karuta-bi/karuta/internal/core"
)

var sales = []core.Column{
	{Name: "地域", Type: core.TypeString}, {Name: "担当者名", Type: core.TypeString, Class: core.ClassDirect},
	{Name: "給与", Type: core.TypeInt64, Class: core.ClassConfidential}, {Name: "数量", Type: core.TypeInt64}, {Name: "日付", Type: core.TypeDate},
}

func in(column string, values ...string) core.RowCondition {
	return core.RowCondition{Op: core.OpIn, Column: column, Values: values}
}

func own(column, attribute string) core.RowCondition {
	return core.RowCondition{Op: core.OpIn, Column: column, Attribute: attribute}
}

func of(op core.PredicateOp, args ...core.RowCondition) core.RowCondition {
	return core.RowCondition{Op: op, Args: args}
}

func rows(c core.RowCondition) *core.RowCondition { return &c }

func forUser(id string) []core.Target    { return []core.Target{{Type: core.TargetUser, ID: id}} }
func forGroup(id string) []core.Target   { return []core.Target{{Type: core.TargetGroup, ID: id}} }
func seen(ws ...core.Window) *core.Sight { return &core.Sight{Windows: ws} }

// A class that was proposed counts until somebody has decided.
func TestProposedClassesCount(t *testing.T) { // PII-4
	proposed := func(class core.PIIClass, kind core.PIIKind) core.Proposal {
		return core.Proposal{Class: class, Kind: kind}
	}
	d := &core.Dataset{Columns: []core.Column{
		{Name: "備考", Type: core.TypeString, Proposed: proposed(core.ClassDirect, core.KindPhone)},
		{Name: "年収", Type: core.TypeInt64, Proposed: proposed(core.ClassConfidential, core.KindSalary)},
		{Name: "x", Type: core.TypeString, Proposed: proposed(core.ClassDirect, core.KindEmail), Class: core.ClassNone},
		{Name: "y", Type: core.TypeInt64, Proposed: proposed(core.ClassDirect, core.KindBirth), Class: core.ClassConfidential},
		{Name: "部署", Type: core.TypeString, Proposed: proposed(core.ClassIndirect, core.KindDepartment)},
	}}
	want := seen(core.Window{Hidden: []string{"y", "年収"}, Masked: []core.MaskedColumn{{Column: "備考", Mask: core.MaskPhone}}})
	if got := sightOf(facts{userID: "u"}, d); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for name, viewer := range map[string]facts{"owner": {all: true}, "may see personal data": {pii: true}} {
		if got := sightOf(viewer, d); got != nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestSightOf(t *testing.T) {
	viewer := facts{pii: true, userID: "u", groups: []string{"g"}, attributes: map[string][]string{"region": {"東", "西", "東"}, "level": {"x", "07"}}}
	plain := viewer
	plain.pii = false
	east := core.Predicate{Op: core.OpIn, Column: "地域", Values: []string{"東"}}
	both := core.Predicate{Op: core.OpIn, Column: "地域", Values: []string{"東", "西"}}
	masked := []core.MaskedColumn{{Column: "担当者名", Mask: core.MaskName}}
	cases := map[string]struct {
		viewer   facts
		policies []core.Policy
		want     *core.Sight
	}{
		"the owner":                    {facts{all: true}, []core.Policy{{Hidden: []string{"地域"}}}, nil},
		"no policies":                  {viewer, nil, nil},
		"classes":                      {plain, nil, seen(core.Window{Hidden: []string{"給与"}, Masked: masked})},
		"a policy for everybody":       {viewer, []core.Policy{{}}, nil},
		"a policy for others":          {viewer, []core.Policy{{Targets: forUser("v"), Hidden: []string{"地域"}}, {Targets: forGroup("h"), Hidden: []string{"地域", "数量"}}}, seen(core.Window{Rows: &noRow, Hidden: []string{"地域"}})},
		"others' classes":              {plain, []core.Policy{{Targets: forUser("v")}}, seen(core.Window{Rows: &noRow, Hidden: []string{"給与"}})},
		"by group":                     {viewer, []core.Policy{{Targets: forGroup("g"), Rows: rows(in("地域", "東"))}}, seen(core.Window{Rows: &east})},
		"an own attribute":             {viewer, []core.Policy{{Rows: rows(own("地域", "region"))}}, seen(core.Window{Rows: &both})},
		"values that fit":              {viewer, []core.Policy{{Rows: rows(own("数量", "level"))}}, seen(core.Window{Rows: &core.Predicate{Op: core.OpIn, Column: "数量", Values: []string{"7"}}})},
		"no values that fit":           {viewer, []core.Policy{{Rows: rows(own("数量", "region"))}}, seen(core.Window{Rows: &noRow})},
		"no attribute":                 {viewer, []core.Policy{{Rows: rows(own("地域", "none"))}}, seen(core.Window{Rows: &noRow})},
		"not without an attribute":     {viewer, []core.Policy{{Rows: rows(of(core.OpNot, own("地域", "none")))}}, seen(core.Window{Rows: &noRow})},
		"or another":                   {viewer, []core.Policy{{Rows: rows(of(core.OpOr, own("地域", "none"), in("地域", "東")))}}, seen(core.Window{Rows: &east})},
		"not both":                     {viewer, []core.Policy{{Rows: rows(of(core.OpNot, of(core.OpAnd, own("地域", "none"), of(core.OpNot, in("地域", "東")))))}}, seen(core.Window{Rows: &east})},
		"every row":                    {viewer, []core.Policy{{Rows: rows(of(core.OpAnd))}}, nil},
		"the same twice":               {viewer, []core.Policy{{Rows: rows(in("地域", "東"))}, {Rows: rows(in("地域", "東", "東"))}}, seen(core.Window{Rows: &east})},
		"what another shows anyway":    {viewer, []core.Policy{{Rows: rows(in("地域", "東"))}, {}}, nil},
		"less of what another shows":   {viewer, []core.Policy{{Rows: rows(in("地域", "東")), Hidden: []string{"数量"}}, {Rows: rows(in("地域", "東"))}}, seen(core.Window{Rows: &east})},
		"a column that is gone":        {viewer, []core.Policy{{Rows: rows(of(core.OpOr, in("支店", "1"), in("地域", "東")))}}, seen(core.Window{Rows: &noRow})},
		"the opposite of it":           {viewer, []core.Policy{{Rows: rows(of(core.OpNot, in("支店", "1")))}}, seen(core.Window{Rows: &noRow})},
		"a hidden one that is gone":    {viewer, []core.Policy{{Hidden: []string{"支店"}}}, seen(core.Window{Rows: &noRow})},
		"a value that no longer fits":  {viewer, []core.Policy{{Rows: rows(of(core.OpNot, in("数量", "many")))}}, seen(core.Window{Rows: &noRow})},
		"a broken one beside another":  {viewer, []core.Policy{{Hidden: []string{"支店"}}, {Rows: rows(in("地域", "東"))}}, seen(core.Window{Rows: &east})},
		"a policy's own mask":          {plain, []core.Policy{{Masked: []core.MaskedColumn{{Column: "担当者名", Mask: core.MaskAll}}}}, seen(core.Window{Hidden: []string{"給与"}, Masked: []core.MaskedColumn{{Column: "担当者名", Mask: core.MaskAll}}})},
		"a mask of what is no text":    {viewer, []core.Policy{{Masked: []core.MaskedColumn{{Column: "数量", Mask: core.MaskEmail}}}}, seen(core.Window{Masked: []core.MaskedColumn{{Column: "数量", Mask: core.MaskAll}}})},
		"unreadable policies":          {viewer, []core.Policy{{Masked: []core.MaskedColumn{{}}}}, seen(core.Window{Rows: &noRow})},
		"two windows in their order":   {viewer, []core.Policy{{Hidden: []string{"数量"}}, {Rows: rows(in("地域", "東"))}}, seen(core.Window{Hidden: []string{"数量"}}, core.Window{Rows: &east})},
		"two windows in another order": {viewer, []core.Policy{{Rows: rows(in("地域", "東"))}, {Hidden: []string{"数量"}}}, seen(core.Window{Hidden: []string{"数量"}}, core.Window{Rows: &east})},
	}
	for name, c := range cases {
		if got := sightOf(c.viewer, &core.Dataset{Columns: sales, Policies: c.policies}); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
}

func TestMaskByName(t *testing.T) {
	for column, want := range map[string]core.Mask{
		"メールアドレス": core.MaskEmail, "E-Mail": core.MaskEmail, "携帯番号": core.MaskPhone, "Tel": core.MaskPhone,
		"氏名": core.MaskName, "customer_name": core.MaskName, "住所": core.MaskAll,
	} {
		if got := maskByName(column); got != want {
			t.Errorf("%s: got %s, want %s", column, got, want)
		}
	}
}

// cell is how a cell is shown: "" where its row is not there or it is empty,
// "plain", or by one of the masks.
type cell string

type row map[string]*string

// TestSightIsWhatThePoliciesSay decides every cell of random rows for random
// people and policies twice: by the sight, and naively, policy by policy.
func TestSightIsWhatThePoliciesSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := &core.Dataset{OwnerID: "owner", Columns: slices.Clone(sales)}
		for i := range d.Columns {
			d.Columns[i].Class = rapid.SampledFrom([]core.PIIClass{"", core.ClassNone, core.ClassDirect, core.ClassIndirect, core.ClassConfidential}).Draw(t, "class")
		}
		d.Policies = rapid.SliceOfN(rapid.Custom(drawPolicy), 0, 4).Draw(t, "policies")
		viewer := drawViewer(t)
		sight := sightOf(viewer, d)
		reordered := *d
		reordered.Policies = rapid.Permutation(d.Policies).Draw(t, "order")
		if again := sightOf(viewer, &reordered); !reflect.DeepEqual(again, sight) {
			t.Fatalf("in another order the sight is %+v, not %+v", again, sight)
		}
		for _, r := range rapid.SliceOfN(rapid.Custom(drawRow), 1, 8).Draw(t, "rows") {
			there, want := naive(viewer, d, r)
			gotThere, got := through(sight, d, r)
			if there != gotThere {
				t.Fatalf("row %v there: %v, want %v; sight %+v", r, gotThere, there, sight)
			}
			for _, c := range d.Columns {
				if there && !slices.Contains(want[c.Name], got[c.Name]) {
					t.Fatalf("%s is %q, want one of %q; sight %+v", c.Name, got[c.Name], want[c.Name], sight)
				}
			}
		}
	})
}

func drawViewer(t *rapid.T) facts {
	return facts{
		all: rapid.IntRange(0, 9).Draw(t, "all") == 0, pii: rapid.Bool().Draw(t, "pii"), userID: rapid.SampledFrom([]string{"u", "v"}).Draw(t, "user"),
		groups:     rapid.SliceOfDistinct(rapid.SampledFrom([]string{"g", "h"}), rapid.ID).Draw(t, "groups"),
		attributes: map[string][]string{"region": rapid.SliceOfN(rapid.SampledFrom([]string{"東", "西", "1", "2026-01-01"}), 0, 3).Draw(t, "region")},
	}
}

func drawPolicy(t *rapid.T) (p core.Policy) {
	p.Targets = rapid.SliceOfN(rapid.SampledFrom(slices.Concat(forUser("u"), forUser("v"), forGroup("g"), forGroup("h"))), 0, 2).Draw(t, "targets")
	if rapid.Bool().Draw(t, "some rows") {
		p.Rows = rows(drawCondition(t, 3))
	}
	for _, c := range sales {
		switch rapid.IntRange(0, 5).Draw(t, "shown") {
		case 0:
			p.Hidden = append(p.Hidden, c.Name)
		case 1:
			p.Masked = append(p.Masked, core.MaskedColumn{Column: c.Name, Mask: rapid.SampledFrom([]core.Mask{core.MaskAll, core.MaskEmail}).Draw(t, "mask")})
		}
	}
	return p
}

func drawCondition(t *rapid.T, depth int) core.RowCondition {
	kind := rapid.IntRange(0, 6).Draw(t, "kind")
	if depth == 0 {
		kind %= 4
	}
	switch kind {
	case 0:
		c := in("地域", rapid.SliceOfN(rapid.SampledFrom([]string{"東", "西", "南"}), 0, 3).Draw(t, "values")...)
		c.IncludeNull = rapid.Bool().Draw(t, "null")
		return c
	case 1:
		return own(rapid.SampledFrom([]string{"地域", "数量", "日付"}).Draw(t, "column"), rapid.SampledFrom([]string{"region", "none"}).Draw(t, "attribute"))
	case 2:
		return in("数量", rapid.SampledFrom([]string{"1", "2"}).Draw(t, "number"))
	case 3:
		return core.RowCondition{Op: core.OpRange, Column: "日付", From: "2026-01-01"}
	case 4:
		return of(core.OpNot, drawCondition(t, depth-1))
	}
	args := make([]core.RowCondition, rapid.IntRange(0, 3).Draw(t, "args"))
	for i := range args {
		args[i] = drawCondition(t, depth-1)
	}
	return of([]core.PredicateOp{core.OpAnd, core.OpOr}[kind-5], args...)
}

func drawRow(t *rapid.T) row {
	r := row{}
	for column, values := range map[string][]string{"地域": {"東", "西", "南"}, "数量": {"1", "2", "3"}, "日付": {"2025-12-31", "2026-01-01"}} {
		if v := rapid.SampledFrom(append(values, "")).Draw(t, column); v != "" {
			r[column] = &v
		}
	}
	return r
}

// truth is the answer of a condition: yes, no, or unknown of a value that is
// not there.
type truth int

const (
	no truth = iota
	unknown
	yes
)

// naive gives for a row that is there what each of its cells may be shown as.
func naive(viewer facts, d *core.Dataset, r row) (there bool, cells map[string][]cell) {
	cells = map[string][]cell{}
	policies := d.Policies
	if viewer.all || len(policies) == 0 {
		policies = []core.Policy{{}}
	}
	for _, p := range policies {
		mine := len(p.Targets) == 0 || viewer.all
		for _, target := range p.Targets {
			mine = mine || target.ID == viewer.userID || slices.Contains(viewer.groups, target.ID)
		}
		if !mine || p.Rows != nil && holds(*p.Rows, viewer, r) != yes {
			continue
		}
		there = true
		for _, c := range d.Columns {
			cells[c.Name] = append(cells[c.Name], naiveCell(viewer, p, c))
		}
	}
	for name, all := range cells {
		if slices.Contains(all, "plain") {
			cells[name] = []cell{"plain"}
		} else if masks := slices.DeleteFunc(slices.Clone(all), func(c cell) bool { return c == "" }); len(masks) > 0 {
			cells[name] = masks
		}
	}
	return there, cells
}

func naiveCell(viewer facts, p core.Policy, c core.Column) cell {
	classed := !viewer.all && !viewer.pii
	if slices.Contains(p.Hidden, c.Name) || classed && c.Class == core.ClassConfidential {
		return ""
	}
	for _, m := range p.Masked {
		if m.Column == c.Name {
			return cell(maskFor(c, m.Mask))
		}
	}
	if classed && c.Class == core.ClassDirect {
		return cell(maskFor(c, maskByName(c.Name)))
	}
	return "plain"
}

func holds(c core.RowCondition, viewer facts, r row) truth {
	switch c.Op {
	case core.OpNot:
		return yes - holds(c.Args[0], viewer, r)
	case core.OpAnd:
		worst := yes
		for _, arg := range c.Args {
			worst = min(worst, holds(arg, viewer, r))
		}
		return worst
	case core.OpOr:
		best := no
		for _, arg := range c.Args {
			best = max(best, holds(arg, viewer, r))
		}
		return best
	}
	values := c.Values
	if c.Attribute != "" {
		if values = fitting(c.Column, viewer.attributes[c.Attribute]); len(values) == 0 {
			return unknown
		}
	}
	return asked(c.Op, r[c.Column], values, c.IncludeNull, c.From)
}

func fitting(column string, values []string) (fit []string) {
	for _, v := range values {
		_, err := time.Parse(time.DateOnly, v)
		if column == "地域" || column == "数量" && v == "1" || column == "日付" && err == nil {
			fit = append(fit, v)
		}
	}
	return fit
}

func asked(op core.PredicateOp, v *string, values []string, includeNull bool, from string) truth {
	switch {
	case v == nil && includeNull:
		return yes
	case v == nil:
		return unknown
	case op == core.OpIn && slices.Contains(values, *v), op == core.OpRange && *v >= from:
		return yes
	}
	return no
}

// through looks at a row as the engine does.
func through(s *core.Sight, d *core.Dataset, r row) (there bool, cells map[string]cell) {
	cells = map[string]cell{}
	if s == nil {
		s = &core.Sight{Windows: []core.Window{{}}}
	}
	for _, w := range s.Windows {
		if w.Rows != nil && matches(*w.Rows, r) != yes {
			continue
		}
		there = true
		for _, c := range d.Columns {
			shown := cell("plain")
			if slices.Contains(w.Hidden, c.Name) {
				shown = ""
			}
			for _, m := range w.Masked {
				if m.Column == c.Name {
					shown = cell(m.Mask)
				}
			}
			if before := cells[c.Name]; before == "" || shown == "plain" {
				cells[c.Name] = shown
			}
		}
	}
	return there, cells
}

func matches(p core.Predicate, r row) truth {
	c := core.RowCondition{Op: p.Op, Column: p.Column, Values: p.Values, IncludeNull: p.IncludeNull, From: p.From}
	switch p.Op {
	case core.OpNot:
		return yes - matches(p.Args[0], r)
	case core.OpAnd:
		worst := yes
		for _, arg := range p.Args {
			worst = min(worst, matches(arg, r))
		}
		return worst
	case core.OpOr:
		best := no
		for _, arg := range p.Args {
			best = max(best, matches(arg, r))
		}
		return best
	}
	return holds(c, facts{}, r)
}

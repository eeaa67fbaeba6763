package dataset_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/dataset"
)

var columns = []core.Column{
	region, {Name: "数量", Type: core.TypeInt64}, {Name: "日付", Type: core.TypeDate}, {Name: "済", Type: core.TypeBool}, {Name: "時刻", Type: core.TypeDatetime},
}

func in(column string, values ...string) dataset.Condition {
	return dataset.Condition{Column: &column, Values: values}
}

func TestPolicies(t *testing.T) {
	w := newWorld(t)
	group := w.Group("東日本")
	d := w.Dataset(w.owner, columns...)
	rows := dataset.Condition{Any: []dataset.Condition{in("地域", "東", "東"), {Not: new(in("数量", "+5"))}, {Column: new("地域"), Attribute: new(" 支店 ")}, {Column: new("時刻"), From: "2026-01-01"}}}
	in := dataset.PolicyInput{
		DatasetID: d.ID, Version: 1, Name: " 東 ", Rows: &rows, Hidden: []string{"数量"}, Masked: []core.MaskedColumn{{Column: "地域", Mask: core.MaskAll}},
		Targets: []core.Target{{Type: core.TargetUser, ID: w.viewer.ID}, {Type: core.TargetGroup, ID: group.ID}},
	}
	after, p, err := w.s.CreatePolicy(w.As(w.admin), in)
	if err != nil || after.Version != 2 || p.Name != "東" || p.Broken || p.CreatedBy != w.admin.ID || !reflect.DeepEqual(after.Policies, []core.Policy{p.Policy}) {
		t.Fatalf("got %+v, %v", after, err)
	}
	const kept = `{"any":[{"column":"地域","values":["東","東"]},{"not":{"column":"数量","values":["5"]}},{"column":"地域","attribute":"支店"},{"column":"時刻","from":"2026-01-01"}]}`
	if p.RowsText() != kept {
		t.Errorf("rows are %s", p.RowsText())
	}
	var again dataset.Condition
	if err := json.Unmarshal([]byte(p.RowsText()), &again); err != nil {
		t.Fatal(err)
	}
	change := dataset.PolicyChange{DatasetID: d.ID, ID: p.ID, Version: 2, Rows: &again, Hidden: []string{}}
	after, p, err = w.s.UpdatePolicy(w.As(w.owner), change)
	if err != nil || p.Name != "東" || len(p.Hidden) != 0 || len(p.Targets) != 2 || p.RowsText() != kept {
		t.Fatalf("got %+v, %v", p, err)
	}
	_, _, err = w.s.UpdatePolicy(w.As(w.owner), change)
	accesstest.Code(t, "an old version", err, core.CodeConflict)
	change.Version, change.Rows, change.Targets = after.Version, &dataset.Condition{All: []dataset.Condition{}}, []core.Target{}
	if after, p, err = w.s.UpdatePolicy(w.As(w.owner), change); err != nil || p.Policy.Rows != nil || len(p.Targets) != 0 || p.RowsText() != `{"all":[]}` {
		t.Errorf("got %+v, %v", p, err)
	}
	_, err = w.s.DeletePolicy(w.As(w.owner), d.ID, core.NewID(core.NounPolicy), after.Version)
	accesstest.Code(t, "another policy", err, core.CodeNotFound)
	if after, err = w.s.DeletePolicy(w.As(w.owner), d.ID, p.ID, after.Version); err != nil || len(after.Policies) != 0 {
		t.Errorf("got %+v, %v", after, err)
	}
	for _, kind := range []core.EventType{core.EventPolicyCreated, core.EventPolicyUpdated, core.EventPolicyDeleted} {
		if evs := w.Events(kind); len(evs) == 0 || evs[0].TargetID != d.ID || evs[0].Details["policy"] != p.ID || len(evs[0].Details["digest"]) != 64 {
			t.Errorf("%s: audited %+v", kind, evs)
		}
	}
	history, err := w.Store.Rights.Of(t.Context(), d.ID)
	n := 0
	for _, c := range history {
		if c.Kind == core.RightsPolicies {
			n++
		}
	}
	if err != nil || n != 4 {
		t.Errorf("%d lines of history, %v", n, err)
	}
}

func nested(depth int) dataset.Condition {
	c := in("地域", "東")
	for range depth - 1 {
		c = dataset.Condition{Not: new(c)}
	}
	return c
}

func TestBadPolicies(t *testing.T) {
	w := newWorld(t)
	d := w.Dataset(w.owner, columns...)
	many := func(n int) dataset.Condition {
		return dataset.Condition{All: slices.Repeat([]dataset.Condition{in("地域", "東")}, n)}
	}
	rows := func(c dataset.Condition) func(*dataset.PolicyInput) {
		return func(p *dataset.PolicyInput) { p.Rows = &c }
	}
	target := core.Target{Type: core.TargetUser, ID: w.viewer.ID}
	for name, c := range map[string]struct {
		change        func(*dataset.PolicyInput)
		code          core.Code
		field, reason string
	}{
		"as it should be": {func(*dataset.PolicyInput) {}, "", "", ""},
		"no name":         {func(p *dataset.PolicyInput) { p.Name = " " }, core.CodeValidation, "input.name", "required"},
		"no version":      {func(p *dataset.PolicyInput) { p.Version = 0 }, core.CodeValidation, "input.version", "bad_value"},
		"old version":     {func(p *dataset.PolicyInput) { p.Version = 7 }, core.CodeConflict, "input.version", ""},
		"a ghost": {func(p *dataset.PolicyInput) {
			p.Targets = []core.Target{target, {Type: core.TargetUser, ID: core.NewID(core.NounUser)}}
		}, core.CodeNotFound, "input.targets.1.id", ""},
		"a ghostly group": {func(p *dataset.PolicyInput) {
			p.Targets = []core.Target{{Type: core.TargetGroup, ID: core.NewID(core.NounGroup)}}
		}, core.CodeNotFound, "input.targets.0.id", ""},
		"a person as group": {func(p *dataset.PolicyInput) { p.Targets = []core.Target{{Type: core.TargetGroup, ID: w.viewer.ID}} }, core.CodeNotFound, "input.targets.0.id", ""},
		"somebody twice":    {func(p *dataset.PolicyInput) { p.Targets = []core.Target{target, target} }, core.CodeValidation, "input.targets.1.id", "duplicate_item"},
		"too many people":   {func(p *dataset.PolicyInput) { p.Targets = slices.Repeat([]core.Target{target}, 51) }, core.CodeValidation, "input.targets", "too_many"},
		"another column":    {func(p *dataset.PolicyInput) { p.Hidden = []string{"支店"} }, core.CodeValidation, "input.hidden.0", "unknown_column"},
		"hidden and masked": {func(p *dataset.PolicyInput) {
			p.Hidden, p.Masked = []string{"地域"}, []core.MaskedColumn{{Column: "地域", Mask: core.MaskAll}}
		}, core.CodeValidation, "input.masked.0.column", "duplicate_item"},
		"another mask":       {func(p *dataset.PolicyInput) { p.Masked = []core.MaskedColumn{{Column: "地域", Mask: "HASH"}} }, core.CodeValidation, "input.masked.0.mask", "bad_choice"},
		"no form":            {rows(dataset.Condition{}), core.CodeValidation, "input.rows", "one_form"},
		"two forms":          {rows(dataset.Condition{All: []dataset.Condition{}, Not: new(in("地域", "東"))}), core.CodeValidation, "input.rows", "one_form"},
		"a column alone":     {rows(dataset.Condition{Column: new("地域")}), core.CodeValidation, "input.rows", "one_form"},
		"values and range":   {rows(dataset.Condition{Column: new("日付"), Values: []string{"2026-01-01"}, From: "2026-01-01"}), core.CodeValidation, "input.rows", "one_form"},
		"values of a list":   {rows(dataset.Condition{Any: []dataset.Condition{}, Values: []string{"1"}}), core.CodeValidation, "input.rows", "one_form"},
		"a strange column":   {rows(dataset.Condition{All: []dataset.Condition{in("地域", "東"), in("支店", "1")}}), core.CodeValidation, "input.rows.all.1.column", "unknown_column"},
		"no number":          {rows(dataset.Condition{Not: new(in("数量", "1", "x"))}), core.CodeValidation, "input.rows.not.values.1", "bad_value"},
		"no day":             {rows(dataset.Condition{Column: new("時刻"), To: "2026-01-01T00:00:00"}), core.CodeValidation, "input.rows.to", "bad_value"},
		"a range of truth":   {rows(dataset.Condition{Column: new("済"), From: "true"}), core.CodeValidation, "input.rows.from", "bad_value"},
		"no attribute":       {rows(dataset.Condition{Column: new("地域"), Attribute: new(" ")}), core.CodeValidation, "input.rows.attribute", "required"},
		"just deep enough":   {rows(nested(5)), "", "", ""},
		"too deep":           {rows(nested(6)), core.CodeValidation, "input.rows.not.not.not.not.not", "too_deep"},
		"just enough":        {rows(many(99)), "", "", ""},
		"one part too many":  {rows(many(100)), core.CodeValidation, "input.rows.all.99", "too_many"},
		"too many values":    {rows(in("地域", slices.Repeat([]string{"東"}, 501)...)), core.CodeValidation, "input.rows.values", "too_many"},
		"too much in all":    {rows(in("地域", slices.Repeat([]string{strings.Repeat("東", 100)}, 400)...)), core.CodeValidation, "input", "request_too_large"},
		"too many in all":    {rows(dataset.Condition{Any: slices.Repeat([]dataset.Condition{in("数量", slices.Repeat([]string{"1"}, 500)...)}, 11)}), core.CodeValidation, "input", "request_too_large"},
		"a value too long":   {rows(in("地域", strings.Repeat("東", 1001))), core.CodeValidation, "input.rows.values.0", "too_long"},
		"a value of control": {rows(in("地域", "a\x00\n")), "", "", ""},
	} {
		p := dataset.PolicyInput{DatasetID: d.ID, Version: 1, Name: "p"}
		c.change(&p)
		after, made, err := w.s.CreatePolicy(w.As(w.owner), p)
		if c.code == "" && err == nil { // the next one starts from the same
			d = w.Dataset(w.owner, columns...)
			continue
		}
		e, ok := errors.AsType[*core.Error](err)
		if !ok || e.Code != c.code || e.Field != c.field || e.Reason != c.reason || after != nil || made != nil {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestPoliciesAreCounted(t *testing.T) {
	w := newWorld(t)
	d := w.Dataset(w.owner, columns...)
	for n := range int64(21) {
		_, _, err := w.s.CreatePolicy(w.As(w.owner), dataset.PolicyInput{DatasetID: d.ID, Version: n + 1, Name: fmt.Sprint(n)})
		if n < 20 && err != nil {
			t.Fatal(err)
		}
		if n == 20 {
			accesstest.Code(t, "one too many", err, core.CodeValidation, "too_many")
		}
	}
}

// A policy that names what is no longer there says so to its author, and shows
// nobody anything.
func TestBrokenPolicy(t *testing.T) {
	w := newWorld(t)
	d := w.Dataset(w.owner, columns...)
	if _, _, err := w.s.CreatePolicy(w.As(w.owner), dataset.PolicyInput{DatasetID: d.ID, Version: 1, Name: "p", Rows: &dataset.Condition{Not: new(in("数量", "5"))}}); err != nil {
		t.Fatal(err)
	}
	d, err := w.Store.Datasets.Edit(t.Context(), d.ID, 0, func(d *core.Dataset) error { d.Columns[1].Name = "個数"; return nil })
	if err != nil {
		t.Fatal(err)
	}
	if told := w.s.Policies(d); len(told) != 1 || !told[0].Broken {
		t.Errorf("told %+v", told)
	}
	source, err := dataset.Source(w.As(w.viewer), w.Gate, d, nil)
	if err != nil || len(source.Sight.Windows) != 1 || !reflect.DeepEqual(*source.Sight.Windows[0].Rows, core.Predicate{Op: core.OpOr}) {
		t.Errorf("the viewer sees %+v, %v", source.Sight, err)
	}
	redacted := *d
	redacted.Redacted = true
	if told := w.s.Policies(&redacted); told == nil || len(told) != 0 {
		t.Errorf("others are told %+v", told)
	}
	if source, err = dataset.Source(w.As(w.viewer), w.Gate, &redacted, nil); err != nil || source.Sight == nil || len(source.Sight.Windows) != 0 {
		t.Errorf("of a redacted dataset there is %+v, %v", source.Sight, err)
	}
	if source, err = dataset.Source(context.Background(), w.Gate, d, nil); err != nil || source.Sight == nil || len(source.Sight.Windows) != 0 {
		t.Errorf("nobody sees %+v, %v", source.Sight, err)
	}
}

func TestClassesOfColumns(t *testing.T) {
	w := newWorld(t)
	d := w.Dataset(w.owner, columns...)
	page := w.Dashboard(w.owner, []core.Filter{{ID: core.NewID(core.NounFilter), Type: core.FilterCategory, Column: "数量", Label: "x"}}, w.Card(w.owner, d))
	w.Share(page, w.viewer, core.PermissionViewer)
	var asked client.ValuesRequest
	w.executor.Values = func(r client.ValuesRequest) client.ValuesReply { asked = r; return client.ValuesReply{} }
	values := func() error {
		_, err := w.s.ColumnValues(w.As(w.viewer), dataset.ValuesInput{DatasetID: d.ID, DashboardID: page.ID, Column: "数量"})
		return err
	}
	class := func(c core.PIIClass) {
		t.Helper()
		now, err := w.Store.Datasets.Get(t.Context(), d.ID)
		if err == nil {
			_, err = w.s.Update(w.As(w.owner), dataset.Change{ID: d.ID, Version: now.Version, Columns: []dataset.ColumnChange{{Name: "数量", Class: &c}}})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	accesstest.Code(t, "without a class", values(), "")
	class(core.ClassConfidential)
	accesstest.Code(t, "confidential", values(), core.CodeValidation, "unknown_column")
	class(core.ClassDirect)
	accesstest.Code(t, "direct", values(), "")
	if s := asked.Source.Sight; s == nil || len(s.Windows) != 1 || len(s.Windows[0].Masked) != 1 || s.Windows[0].Rows != nil {
		t.Errorf("asked through %+v", s)
	}
	if evs := w.Events(core.EventDatasetUpdated); len(evs) != 2 || !strings.Contains(evs[0].Details["classes"], "DIRECT") {
		t.Errorf("audited %+v", evs)
	}
	now, err := w.s.Dataset(w.As(w.owner), d.ID)
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.s.Update(w.As(w.owner), dataset.Change{ID: d.ID, Version: now.Version, Columns: []dataset.ColumnChange{{Name: "数量", Class: new(core.PIIClass("SECRET"))}}})
	accesstest.Code(t, "another class", err, core.CodeValidation, "bad_choice")
}

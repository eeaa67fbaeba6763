package schema_test

import (
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/schema"
)

func load(t *testing.T) *ast.Schema {
	t.Helper()
	names, err := fs.Glob(schema.Files(), "*.graphqls")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	var sources []*ast.Source
	for _, name := range names {
		text, err := fs.ReadFile(schema.Files(), name)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, &ast.Source{Name: name, Input: string(text)})
	}
	s, err := gqlparser.LoadSchema(sources...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// own are the types of the schema that are not the language's.
func own(s *ast.Schema) []*ast.Definition {
	var all []*ast.Definition
	for _, d := range s.Types {
		if !d.BuiltIn {
			all = append(all, d)
		}
	}
	slices.SortFunc(all, func(a, b *ast.Definition) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// API-2: who may ask stands at every root field, once.
func TestEveryRootFieldHasOneAccessDirective(t *testing.T) {
	s := load(t)
	access := []string{"public", "auth", "admin", "dashboard", "sharing", "dataset", "card", "transform"}
	for _, root := range []*ast.Definition{s.Query, s.Mutation} {
		for _, f := range root.Fields {
			if strings.HasPrefix(f.Name, "__") {
				continue
			}
			found := 0
			for _, d := range f.Directives {
				if slices.Contains(access, d.Name) {
					found++
				}
			}
			if found != 1 {
				t.Errorf("%s.%s has %d access directives", root.Name, f.Name, found)
			}
		}
	}
}

// An access directive names an argument that is there.
func TestAccessDirectivesNameArguments(t *testing.T) {
	s := load(t)
	for _, root := range []*ast.Definition{s.Query, s.Mutation} {
		for _, f := range root.Fields {
			for _, d := range f.Directives {
				if arg := d.Arguments.ForName("arg"); arg != nil && !names(s, f, arg.Value.Raw) {
					t.Errorf("%s.%s: there is no argument %s", root.Name, f.Name, arg.Value.Raw)
				}
			}
		}
	}
}

func names(s *ast.Schema, f *ast.FieldDefinition, path string) bool {
	first, rest, _ := strings.Cut(path, ".")
	arg := f.Arguments.ForName(first)
	return arg != nil && (rest == "" || s.Types[arg.Type.Name()].Fields.ForName(rest) != nil)
}

func TestEverythingIsDescribed(t *testing.T) {
	s := load(t)
	say := func(description, where string) {
		if len(strings.TrimSpace(description)) < 3 {
			t.Errorf("%s has no description", where)
		}
	}
	for name, d := range s.Directives {
		if d.Position == nil || d.Position.Src.BuiltIn {
			continue
		}
		say(d.Description, "@"+name)
		for _, a := range d.Arguments {
			say(a.Description, "@"+name+"("+a.Name+")")
		}
	}
	for _, d := range own(s) {
		say(d.Description, d.Name)
		for _, v := range d.EnumValues {
			say(v.Description, d.Name+"."+v.Name)
		}
		for _, f := range d.Fields {
			if strings.HasPrefix(f.Name, "__") {
				continue
			}
			say(f.Description, d.Name+"."+f.Name)
			for _, a := range f.Arguments {
				say(a.Description, d.Name+"."+f.Name+"("+a.Name+")")
			}
		}
	}
}

// One input and one payload a mutation, named after it.
func TestMutationsHaveOneInputAndOnePayload(t *testing.T) {
	for _, f := range load(t).Mutation.Fields {
		name := strings.ToUpper(f.Name[:1]) + f.Name[1:]
		if f.Type.String() != name+"Payload" {
			t.Errorf("%s gives %s", f.Name, f.Type)
		}
		if f.Name == "logout" {
			continue // there is nothing to say
		}
		if len(f.Arguments) != 1 || f.Arguments[0].Name != "input" || f.Arguments[0].Type.String() != name+"Input!" {
			t.Errorf("%s takes something else than input: %sInput!", f.Name, name)
		}
	}
}

// Lists with pages are connections after Relay's specification.
func TestConnections(t *testing.T) {
	s := load(t)
	for _, d := range own(s) {
		noun, ok := strings.CutSuffix(d.Name, "Connection")
		if !ok {
			continue
		}
		edge := s.Types[noun+"Edge"]
		shape := d.Fields.ForName("nodes").Type.String() == "["+noun+"!]!" &&
			d.Fields.ForName("edges").Type.String() == "["+noun+"Edge!]!" &&
			d.Fields.ForName("pageInfo").Type.String() == "PageInfo!" &&
			edge != nil && edge.Fields.ForName("node").Type.String() == noun+"!" && edge.Fields.ForName("cursor").Type.String() == "String!"
		if !shape {
			t.Errorf("%s is not a connection", d.Name)
		}
	}
}

// The enums of the schema and the constants of core are the same.
func TestEnumsEqualCore(t *testing.T) {
	s := load(t)
	var codes, notices []string
	for _, k := range core.NoticeKinds() {
		notices = append(notices, string(k))
	}
	for _, c := range core.Codes() {
		codes = append(codes, string(c))
	}
	for name, want := range map[string][]string{
		"ErrorCode":       codes,
		"NoticeKind":      notices,
		"Role":            {string(core.RoleAdmin), string(core.RoleUser)},
		"Permission":      {string(core.PermissionViewer), string(core.PermissionEditor), string(core.PermissionOwner)},
		"TargetType":      {string(core.TargetUser), string(core.TargetGroup)},
		"CardKind":        {string(core.CardCode), string(core.CardText)},
		"FilterType":      {string(core.FilterCategory), string(core.FilterDateRange)},
		"RelativeUnit":    {string(core.UnitDay), string(core.UnitWeek), string(core.UnitMonth), string(core.UnitQuarter), string(core.UnitYear)},
		"FilterViewScope": {string(core.ScopePersonal), string(core.ScopeEverybody)},
		"RunStatus": {string(core.StatusQueued), string(core.StatusRunning), string(core.StatusSucceeded),
			string(core.StatusFailed), string(core.StatusCancelled), string(core.StatusTimedOut), string(core.StatusSkipped)},
		"Outcome": {string(core.OutcomeSuccess), string(core.OutcomeFailure), string(core.OutcomeDenied)},
	} {
		var got []string
		for _, v := range s.Types[name].EnumValues {
			got = append(got, v.Name)
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s is %v, core has %v", name, got, want)
		}
	}
}

// The names that issue 3 fixes for clients.
func TestRootFields(t *testing.T) {
	s := load(t)
	for root, want := range map[*ast.Definition]string{
		s.Query: "serverInfo health me node nodes users dataset datasets importJob card cards group groups dashboard dashboards auditLogs",
		s.Mutation: "login logout createUser setUserRole deactivateUser changePassword resetPassword importCsv updateDataset deleteDataset " +
			"createCard updateCard deleteCard previewCard executeCard createDashboard updateDashboard deleteDashboard createShare updateShare " +
			"deleteShare createGroup addGroupMember removeGroupMember",
	} {
		for name := range strings.FieldsSeq(want) {
			if root.Fields.ForName(name) == nil {
				t.Errorf("%s.%s is gone", root.Name, name)
			}
		}
	}
}

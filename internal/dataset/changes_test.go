package dataset

import (
	"slices"
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
)

func TestSchemaChanges(t *testing.T) { // DS-11
	text, number := core.Column{Name: "a", Type: core.TypeString}, core.Column{Name: "b", Type: core.TypeInt64}
	moment := core.Column{Name: "t", Type: core.TypeDatetime}
	zoned, empty := moment, text
	zoned.Zoned, empty.Nullable = true, true
	words := text
	words.Description, words.Class = "x", core.ClassDirect
	for name, c := range map[string]struct {
		before, after []core.Column
		want          []SchemaChange
	}{
		"the same":        {[]core.Column{text, number}, []core.Column{text, number}, nil},
		"another order":   {[]core.Column{text, number}, []core.Column{number, text}, nil},
		"described":       {[]core.Column{words}, []core.Column{text}, nil},
		"added":           {[]core.Column{text}, []core.Column{number, text}, []SchemaChange{{ColumnAdded, "b", "", "int64", false}}},
		"removed":         {[]core.Column{text, number}, []core.Column{text}, []SchemaChange{{ColumnRemoved, "b", "int64", "", true}}},
		"another type":    {[]core.Column{text}, []core.Column{{Name: "a", Type: core.TypeDate}}, []SchemaChange{{TypeChanged, "a", "string", "date", true}}},
		"with an offset":  {[]core.Column{moment}, []core.Column{zoned}, []SchemaChange{{TypeChanged, "t", "datetime", "datetime utc", true}}},
		"emptied":         {[]core.Column{text}, []core.Column{empty}, []SchemaChange{{NullableChanged, "a", "false", "true", false}}},
		"filled":          {[]core.Column{empty}, []core.Column{text}, []SchemaChange{{NullableChanged, "a", "true", "false", false}}},
		"another letter":  {[]core.Column{text}, []core.Column{{Name: "A", Type: core.TypeString}}, []SchemaChange{{ColumnRemoved, "a", "string", "", true}, {ColumnAdded, "A", "", "string", false}}},
		"nothing at all":  {nil, nil, nil},
		"of another kind": {[]core.Column{empty}, []core.Column{{Name: "a", Type: core.TypeBool}}, []SchemaChange{{TypeChanged, "a", "string", "bool", true}, {NullableChanged, "a", "true", "false", false}}},
	} {
		got := schemaChanges(c.before, c.after)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
		if breaks(got) != slices.ContainsFunc(c.want, func(c SchemaChange) bool { return c.Breaking }) {
			t.Errorf("%s: breaking is %t", name, breaks(got))
		}
	}
}

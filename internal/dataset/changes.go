package dataset

import (
	"slices"
	"strconv"

	"github.com/karuta-bi/karuta/internal/core"
)

// ChangeKind is how the columns of a dataset change, with the names the runbook uses.
type ChangeKind string

// The kinds of changes.
const (
	ColumnAdded     ChangeKind = "column_added"
	ColumnRemoved   ChangeKind = "column_removed"
	TypeChanged     ChangeKind = "type_changed"
	NullableChanged ChangeKind = "nullable_changed"
)

// SchemaChange is one change of a dataset's columns.
type SchemaChange struct {
	Kind     ChangeKind
	Column   string
	From     string // type of a column that was there, or whether it had empty values
	To       string // the same as it is to be
	Breaking bool   // what uses the column may fail
}

// schemaChanges are the changes between the columns of two versions: those of
// columns that were there in their order, then the added ones.
func schemaChanges(before, after []core.Column) (changes []SchemaChange) {
	for _, was := range before {
		now, there := core.ColumnNamed(after, was.Name)
		switch {
		case !there:
			changes = append(changes, SchemaChange{ColumnRemoved, was.Name, typeText(was), "", true})
			continue
		case typeText(was) != typeText(now):
			changes = append(changes, SchemaChange{TypeChanged, was.Name, typeText(was), typeText(now), true})
		}
		if was.Nullable != now.Nullable {
			from, to := strconv.FormatBool(was.Nullable), strconv.FormatBool(now.Nullable)
			changes = append(changes, SchemaChange{NullableChanged, was.Name, from, to, false})
		}
	}
	for _, now := range after {
		if _, there := core.ColumnNamed(before, now.Name); !there {
			changes = append(changes, SchemaChange{ColumnAdded, now.Name, "", typeText(now), false})
		}
	}
	return changes
}

// typeText is a column's type; moments in UTC are other values than wall clock time.
func typeText(c core.Column) string {
	if c.Zoned {
		return string(c.Type) + " utc"
	}
	return string(c.Type)
}

// breaks tells whether one of the changes is breaking.
func breaks(changes []SchemaChange) bool {
	return slices.ContainsFunc(changes, func(c SchemaChange) bool { return c.Breaking })
}

// stricter is the proposal that hides more, of two alike the second.
func stricter(before, now core.Proposal) core.Proposal {
	if core.Stricter(now.Class, before.Class) != now.Class {
		return before
	}
	return now
}

// describedAs are the columns with what is said of them by name: their
// description and class, and the stricter of what was found and is found now. The
// first list that knows a column has the say.
func describedAs(columns []core.Column, known ...[]core.Column) []core.Column {
	out := slices.Clone(columns)
	for i, c := range out {
		for _, list := range known {
			if k, ok := core.ColumnNamed(list, c.Name); ok {
				out[i].Description, out[i].Class = k.Description, k.Class
				out[i].Proposed = stricter(k.Proposed, c.Proposed)
				break
			}
		}
	}
	return out
}

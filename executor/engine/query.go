package engine

import (
	"slices"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

const storedParts = "read_parquet(?, hive_partitioning = false)"

// query is a source as SQL: the relation that may be seen of it, and its filter,
// which knows nothing but that relation.
type query struct {
	relation
	where  string
	values []any // of the filter
}

// relation is what stands after FROM. The paths of the parts are bound after its
// values.
type relation struct {
	columns []core.Column // that there are
	from    string
	bound   []any
}

// compile turns a source into SQL. What does not fit, in its sight or its filter,
// is a VALIDATION_ERROR.
func compile(src client.Source) (*query, error) {
	seen, err := seenOf(src)
	if err != nil {
		return nil, err
	}
	where, values, err := condition(src.Where, seen.columns)
	return &query{relation: seen, where: where, values: values}, err
}

// sql is a statement over some of the parts, in their order: what is selected,
// then what follows the filter, with values of its own.
func (q *query) sql(paths []string, selected, rest string, more ...any) (statement string, values []any) {
	statement = "SELECT " + selected + " FROM " + q.from + " WHERE " + q.where + rest
	return statement, slices.Concat(q.bound, []any{paths}, q.values, more)
}

package core

// FilterType is the kind of a dashboard's page filter.
type FilterType string

// Filters choose among a column's values or between two dates.
const (
	FilterCategory  FilterType = "CATEGORY"
	FilterDateRange FilterType = "DATE_RANGE"
)

// Filter is a page filter that a dashboard defines.
type Filter struct {
	ID          string     `json:"id"`
	Type        FilterType `json:"type"`
	Column      string     `json:"column"`
	Label       string     `json:"label"`
	MultiSelect bool       `json:"multiSelect"`
	Options     []string   `json:"options,omitempty"`
}

// PredicateOp is the kind of a node of the typed filter tree.
type PredicateOp string

// The operations of the filter tree.
const (
	OpAnd   PredicateOp = "and"
	OpOr    PredicateOp = "or"
	OpNot   PredicateOp = "not"
	OpIn    PredicateOp = "in"    // Column in Values; nulls too with IncludeNull
	OpRange PredicateOp = "range" // From <= Column <= To, whole days for datetimes; either end may be ""
)

// Predicate is the one typed filter tree that filters (and later policies)
// compile to: it is what crosses to the executor, which turns it into SQL with
// bound values. Values are text in the column's canonical form: integers and
// floats in decimal, "true"/"false", dates as YYYY-MM-DD.
type Predicate struct {
	Op          PredicateOp `json:"op"`
	Args        []Predicate `json:"args,omitempty"` // of and, or, not
	Column      string      `json:"column,omitempty"`
	Values      []string    `json:"values,omitempty"`
	IncludeNull bool        `json:"includeNull,omitempty"`
	From        string      `json:"from,omitempty"`
	To          string      `json:"to,omitempty"`
}

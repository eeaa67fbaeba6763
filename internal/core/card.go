package core

import "time"

// CardKind is how a card makes its HTML.
type CardKind string

// A code card is Python that turns a dataset into HTML; a text card is sanitised HTML.
const (
	CardCode CardKind = "CODE"
	CardText CardKind = "TEXT"
)

// Card is one piece of a dashboard.
type Card struct {
	ID             string
	Kind           CardKind
	Name           string
	Description    string
	DatasetID      string          // "" for text cards
	Code           string          // Python of a code card, HTML of a text card
	Params         string          // JSON object handed to render as params, "" is {}
	Parameters     []CardParameter // what of params those who see the card may choose
	IgnoresFilters bool            // the card opts out of the page filters
	OwnerID        string
	Version        int64
	CreatedAt      time.Time
	UpdatedAt      time.Time
	Redacted       bool // seen through a dashboard only: code and params are left out
}

// CardResult is what one run of a card gave.
type CardResult struct {
	HTML             string
	UsedColumns      []string
	FilterApplicable bool
	AppliedFilters   []string // columns of the filter values that reached the card
	Cached           bool
	Stale            bool // the executor is away and this is the last good result
	ExecutedAt       time.Time
	DurationMS       int64
	DatasetVersion   int64
	RowsIn           int64
	CodeHash         string
	Log              string // what the card printed; for its owner
	Key              string // names the kept result, for its page
	SnapshotID       string // finds this very result again; "" where it is kept nowhere
}

// ParameterType is the type of a card's parameter.
type ParameterType string

// The types. What render gets is a Python str, int, float, bool, or a str of the
// form 2026-02-01.
const (
	ParameterText   ParameterType = "TEXT"
	ParameterInt    ParameterType = "INT"
	ParameterFloat  ParameterType = "FLOAT"
	ParameterBool   ParameterType = "BOOL"
	ParameterDate   ParameterType = "DATE"
	ParameterChoice ParameterType = "CHOICE"
)

// CardParameter is one entry of params that those who see a card may choose.
type CardParameter struct {
	Name    string        `json:"name"` // key in params
	Label   string        `json:"label,omitempty"`
	Type    ParameterType `json:"type"`
	Default string        `json:"default"` // as text: 5, true, 2026-02-01
	Choices []string      `json:"choices,omitempty"`
	Min     *float64      `json:"min,omitempty"` // of numbers, itself allowed
	Max     *float64      `json:"max,omitempty"`
}

// CardRun is one run of a card, as its log keeps it.
type CardRun struct {
	ID             string
	CardID         string
	At             time.Time
	UserID         string // who asked first
	DashboardID    string // where; "" for the card alone
	Code           Code   // of a failure, "" for none
	Reason         string
	Args           map[string]any
	Filters        []FilterValue // that reached the card
	DatasetID      string
	DatasetVersion int64
	CodeHash       string
	RowsIn         int64
	WaitMS         float64 // for its turn
	ReadMS         float64 // of the data
	RunMS          float64 // of the code
	HTMLBytes      int64
	SnapshotID     string
}

// Traceback is where a card's Python failed; for the card's owner only.
type Traceback struct {
	Message string           `json:"message"` // "ValueError: …"
	Frames  []TracebackFrame `json:"frames"`
}

// TracebackFrame is one line of user code in a traceback, outermost first.
type TracebackFrame struct {
	Line     int    `json:"line"` // from 1
	Function string `json:"function"`
	Text     string `json:"text"`
}

// Sentence tells in a person's language why the run failed; "" where it did not.
func (r *CardRun) Sentence(l Locale) string {
	if r.Code == "" {
		return ""
	}
	return Sentence(l, &Error{Code: r.Code, Reason: r.Reason, Args: r.Args})
}

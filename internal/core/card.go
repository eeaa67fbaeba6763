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
	DatasetID      string // "" for text cards
	Code           string // Python of a code card, HTML of a text card
	Params         string // JSON object handed to render as params, "" is {}
	IgnoresFilters bool   // the card opts out of the page filters
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

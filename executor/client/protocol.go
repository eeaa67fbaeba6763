// Package client is how the API calls the executor, and the protocol between
// the two: HTTP/1.1 over a unix socket or TCP, JSON bodies, every request under
// an HMAC made with the shared secret. Data goes by reference, never as rows.
package client

import (
	"encoding/json"

	"github.com/karuta-bi/karuta/internal/core"
)

// Source refers to the data that a run may see: one version of a dataset, the
// columns of it, what somebody sees of them (the policies), and the filter (page
// filters) on what is seen. The engine applies both where the data is read.
type Source struct {
	DatasetID string          `json:"datasetId"`
	Version   int64           `json:"version"`
	Parts     []string        `json:"parts"`           // blob keys of the Parquet parts, in row order
	Columns   []core.Column   `json:"columns"`         // columns that may be read, with their types; with a Sight, those too that its rows depend on
	Sight     *core.Sight     `json:"sight,omitempty"` // nil: everything
	Where     *core.Predicate `json:"where,omitempty"` // nil: every row that is seen
}

// Seen are the columns that the sight leaves, in their order: those of the replies.
func (s Source) Seen() []core.Column { return s.Sight.Columns(s.Columns) }

// CardRequest asks for one run of a card.
type CardRequest struct {
	RunID          string             `json:"runId"`
	User           string             `json:"user"` // whose turn it is, see [UserKey]: slots are shared out evenly among users who wait
	Code           string             `json:"code"`
	Source         Source             `json:"source"`
	Beside         []string           `json:"beside,omitempty"` // columns that cards of the same page seem to need: those that read the same share the work
	Filters        []core.FilterValue `json:"filters"`          // for render's second argument; the data is filtered already
	Params         json.RawMessage    `json:"params"`           // JSON object for render's third argument
	TimeoutSeconds float64            `json:"timeoutSeconds"`
	MemoryMB       int64              `json:"memoryMb"`
}

// CardReply is how a run ended. Problem is nil when it succeeded.
type CardReply struct {
	HTML             string   `json:"html"`
	UsedColumns      []string `json:"usedColumns"`
	FilterApplicable bool     `json:"filterApplicable"`
	RowsIn           int64    `json:"rowsIn"`
	WaitMS           float64  `json:"waitMs"` // for a place
	ReadMS           float64  `json:"readMs"`
	RunMS            float64  `json:"runMs"`
	Log              string   `json:"log"`       // what the code printed, cut at 64 KiB
	Libraries        string   `json:"libraries"` // digest of the versions of Python and its libraries
	Problem          *Problem `json:"problem,omitempty"`
}

// Problem is a failure that the code or the data of a request caused. The
// executor's own failures are HTTP statuses instead.
type Problem struct {
	Code      core.Code       `json:"code"` // EXECUTION_ERROR, EXECUTION_TIMEOUT, MEMORY_LIMIT, CSV_PARSE_ERROR, …
	Reason    string          `json:"reason,omitempty"`
	Args      map[string]any  `json:"args,omitempty"`
	Message   string          `json:"message,omitempty"` // for the code's owner, without host paths
	Traceback *core.Traceback `json:"traceback,omitempty"`
	Line      int64           `json:"line,omitempty"`
	Column    int64           `json:"column,omitempty"`
	Offset    int64           `json:"offset,omitempty"`
	Sample    string          `json:"sample,omitempty"`
}

// error is what the caller of a read is told; nil for none.
func (p *Problem) error() error {
	if p == nil {
		return nil
	}
	return &core.Error{Code: p.Code, Reason: p.Reason, Args: p.Args}
}

// ImportRequest asks to turn an uploaded file into a dataset version.
type ImportRequest struct {
	JobID     string          `json:"jobId"`
	SourceKey string          `json:"sourceKey"` // blob key of the CSV file
	Target    string          `json:"target"`    // blob prefix of the version: datasets/<id>/data/v000001/
	Options   core.CSVOptions `json:"options"`
	MaxBytes  int64           `json:"maxBytes"` // of the source
}

// ImportEvent is one line of the import's answer (JSON lines): progress while
// it runs, then exactly one with Done or Problem.
type ImportEvent struct {
	Progress float64          `json:"progress"` // 0..1
	Stage    core.ImportStage `json:"stage,omitempty"`
	Rows     int64            `json:"rows,omitempty"` // of the file, once they are counted
	Done     *ImportDone      `json:"done,omitempty"`
	Problem  *Problem         `json:"problem,omitempty"`
}

// ImportDone describes the version that was written.
type ImportDone struct {
	Columns   []core.Column `json:"columns"`
	RowCount  int64         `json:"rowCount"`
	Bytes     int64         `json:"bytes"`
	Parts     []string      `json:"parts"`
	Summary   string        `json:"summary,omitempty"` // blob key of the version's statistics and first rows
	Encoding  string        `json:"encoding"`          // as found
	Delimiter string        `json:"delimiter"`         // as found
	Renamed   []string      `json:"renamed,omitempty"` // "header → name" where headers were empty or doubled
}

// RowsRequest asks for some rows of a source.
type RowsRequest struct {
	Source Source `json:"source"`
	Limit  int    `json:"limit"`
}

// RowsReply holds rows as text in canonical form (see core.Predicate); nil is null.
type RowsReply struct {
	Columns   []core.Column `json:"columns"`
	Rows      [][]*string   `json:"rows"`
	TotalRows int64         `json:"totalRows"` // that are seen and match the source's filter
	Problem   *Problem      `json:"problem,omitempty"`
}

// ValuesRequest asks for the distinct values of a column.
type ValuesRequest struct {
	Source Source `json:"source"`
	Column string `json:"column"`
	Prefix string `json:"prefix,omitempty"` // only values that contain this text
	Limit  int    `json:"limit"`
}

// ValuesReply holds distinct values, sorted by the column's own order, as text.
type ValuesReply struct {
	Values    []string `json:"values"`
	HasNull   bool     `json:"hasNull"`
	Truncated bool     `json:"truncated"` // there are more than the limit
	Problem   *Problem `json:"problem,omitempty"`
}

// Health is the executor's state, with how it isolates runs when asked verbosely.
type Health struct {
	Status    string  `json:"status"` // "ok"
	Isolation []Layer `json:"isolation,omitempty"`
	Strict    bool    `json:"strict,omitempty"` // every required layer was seen to hold
	Grade     Grade   `json:"grade,omitempty"`
	Reason    string  `json:"reason,omitempty"` // why Python is refused, "" when it runs
	Running   int     `json:"running,omitempty"`
	Queued    int     `json:"queued,omitempty"`
	Limits    *Limits `json:"limits,omitempty"`

	Transforms *TransformsHealth `json:"transforms,omitempty"`
}

// TransformsHealth is how the Python of transforms is, which runs only while there are some.
type TransformsHealth struct {
	Isolation []Layer `json:"isolation,omitempty"` // of the last start, none before the first
	Reason    string  `json:"reason,omitempty"`    // why the last start refused them, "" where it did not
	Running   int     `json:"running"`
	Queued    int     `json:"queued"`
}

// Grade sums the layers up.
type Grade string

// The grades of isolation.
const (
	GradeStrict  Grade = "strict"  // every required layer holds
	GradeRelaxed Grade = "relaxed" // Python runs whatever holds, because somebody asked for it
	GradeRefused Grade = "refused" // no Python runs
)

// Limits are what runs get: the smaller of the settings and what the container has.
type Limits struct {
	Slots       int      `json:"slots"`         // runs at once
	MemoryMB    int64    `json:"memoryMb"`      // of a run, on top of its data
	ContainerMB int64    `json:"containerMb"`   // that all runs share
	Cut         []string `json:"cut,omitempty"` // which settings ask for more than there is, and what they got
}

// Layer is one layer of the sandbox, proved by an attack at start.
type Layer struct {
	Name      string `json:"name"`
	Required  bool   `json:"required"`
	Holds     bool   `json:"holds"`
	Mechanism string `json:"mechanism,omitempty"` // what makes it on this machine
	Detail    string `json:"detail,omitempty"`    // which attacks succeeded, or why it was not tried
}

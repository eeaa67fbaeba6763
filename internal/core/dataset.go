package core

import (
	"cmp"
	"time"
)

// ColumnType is the type of a dataset's column, with the names the runbook uses.
type ColumnType string

// The six types a column can have.
const (
	TypeInt64    ColumnType = "int64"
	TypeFloat64  ColumnType = "float64"
	TypeBool     ColumnType = "bool"
	TypeDate     ColumnType = "date"
	TypeDatetime ColumnType = "datetime"
	TypeString   ColumnType = "string"
)

// Column describes one column of a dataset.
type Column struct {
	Name        string     `json:"name"`
	Type        ColumnType `json:"type"`
	Nullable    bool       `json:"nullable"`
	Zoned       bool       `json:"zoned,omitempty"` // datetimes that came with an offset and are kept in UTC
	Description string     `json:"description,omitempty"`
	Class       PIIClass   `json:"class,omitempty"` // that somebody has set; "" where nobody has decided
	Proposed    Proposal   `json:"proposed,omitzero"`
}

// PIIClass is the class that somebody has set, ClassNone where nobody has.
func (c Column) PIIClass() PIIClass { return cmp.Or(c.Class, ClassNone) }

// Found is the class that was found for the column; nil where none was.
func (c Column) Found() *Proposal {
	if c.Proposed.Class == "" {
		return nil
	}
	return &c.Proposed
}

// Holds is the class that counts for people who read: the one that was set, until
// then the proposed one.
func (c Column) Holds() PIIClass { return cmp.Or(c.Class, c.Proposed.Class, ClassNone) }

// The kinds of sources, with the names the runbook uses.
const (
	SourceCSV       = "csv"
	SourceS3        = "s3_csv"
	SourceTransform = "transform"
)

// S3Object names an object that is imported, and which state of it was.
type S3Object struct {
	Bucket string `json:"bucket"`
	Key    string `json:"key"`
	ETag   string `json:"etag,omitempty"` // of the state that was imported last
}

// Dataset is a table of data: its name, its owner and its newest version.
type Dataset struct {
	ID           string
	Name         string
	Description  string
	SourceType   string // how it came about, see [SourceCSV]
	Source       CSVOptions
	S3           *S3Object // where an s3_csv dataset is imported from again
	TransformID  string    // that writes the versions of a transform's output
	Columns      []Column
	RowCount     int64
	Bytes        int64    // size of the stored data
	Path         string   // where the newest version's data lies: datasets/<id>/data/v000001/
	Parts        []string // blob keys of the newest version's Parquet parts, in row order
	SummaryKey   string   // blob key of the newest version's statistics and first rows, "" where there are none
	DataVersion  int64    // number of the newest version, from 1
	OwnerID      string
	LastImportAt time.Time
	LastImportBy string
	Policies     []Policy // who sees which part of it; empty: whoever may read it sees all of it
	Version      int64    // optimistic lock
	CreatedAt    time.Time
	UpdatedAt    time.Time
	Redacted     bool // seen through a dashboard only: source, place and parts are left out
}

// DeletedKept is how long a deleted dataset can be brought back.
const DeletedKept = 30 * 24 * time.Hour

// DeletedDataset is a dataset that was deleted: for everything else it is not
// there any more, and all that it was is kept until its time is over.
type DeletedDataset struct {
	Dataset
	DeletedAt time.Time
	DeletedBy string
	Purging   bool // it is being removed for good
}

// RestorableUntil is when it is too late to bring the dataset back.
func (d *DeletedDataset) RestorableUntil() time.Time { return d.DeletedAt.Add(DeletedKept) }

// Restorable tells whether the dataset can still be brought back at the time.
func (d *DeletedDataset) Restorable(now time.Time) bool {
	return !d.Purging && now.Before(d.RestorableUntil())
}

// Column finds a column by name.
func (d *Dataset) Column(name string) (Column, bool) { return ColumnNamed(d.Columns, name) }

// ColumnNamed finds a column by name.
func ColumnNamed(columns []Column, name string) (Column, bool) {
	for _, c := range columns {
		if c.Name == name {
			return c, true
		}
	}
	return Column{}, false
}

// toldColumn is how much of a column's name an error repeats, in characters.
const toldColumn = 200

// UnknownColumn is the VALIDATION_ERROR for a column that a dataset does not
// have, or that its reader does not see.
func UnknownColumn(field, name string) *Error {
	if runes := []rune(name); len(runes) > toldColumn {
		name = string(runes[:toldColumn])
	}
	return Invalid(field, "unknown_column", "column", name)
}

// DatasetVersion is one immutable state of a dataset's data.
type DatasetVersion struct {
	DatasetID string
	Number    int64
	Columns   []Column
	RowCount  int64
	Bytes     int64
	Path      string
	Parts     []string   // blob keys of the Parquet parts, in row order
	Summary   string     // blob key of its statistics and first rows, "" where there are none
	Kind      ImportKind // of the import, "" for others
	JobID     string     // of the import, "" for others
	RunID     string     // of the transform's execution that wrote it, "" for others
	Restored  int64      // number of the version that it brings back, 0 for others
	CreatedAt time.Time
	CreatedBy string
}

// Origin is what the version comes from.
func (v *DatasetVersion) Origin() ImportKind {
	switch {
	case v.Restored > 0:
		return KindRestore
	case v.RunID != "":
		return KindTransform
	case v.Kind == "": // from before it was kept
		return ImportNew
	}
	return v.Kind
}

// FileFormat is what kind of file an import reads.
type FileFormat string

// The formats; FormatAuto and "" find it out by how the file begins.
const (
	FormatAuto    FileFormat = "AUTO"
	FormatCSV     FileFormat = "CSV"
	FormatParquet FileFormat = "PARQUET"
	FormatJSONL   FileFormat = "JSONL" // JSON lines, or one JSON array of objects
	FormatXLSX    FileFormat = "XLSX"
)

// CSVOptions says how a file is to be read. The zero value finds everything out.
// What only CSV files have (delimiter) does nothing for others.
type CSVOptions struct {
	Format      FileFormat `json:"format,omitempty"`
	Sheet       string     `json:"sheet,omitempty"`       // of an Excel file; "" is the first that is not hidden
	Header      *bool      `json:"header,omitempty"`      // nil: true
	Delimiter   string     `json:"delimiter,omitempty"`   // one character; "" finds it among , ; tab |
	Encoding    string     `json:"encoding,omitempty"`    // "", "auto", "utf-8", "utf-16", "shift_jis", "cp932"
	NullValues  []string   `json:"nullValues,omitzero"`   // nil: "", NULL, null, NA, N/A; none where empty
	SkipRows    int        `json:"skipRows,omitempty"`    // lines to pass over before the header
	DateColumns []string   `json:"dateColumns,omitempty"` // columns that must be dates
	SortColumn  string     `json:"sortColumn,omitempty"`  // the partition column: rows are stored in its order
	DropColumns []string   `json:"dropColumns,omitempty"` // columns of which nothing is stored; those that the file does not have count for nothing
}

// RunStatus is where a job or run stands.
type RunStatus string

// The states. The last five are final.
const (
	StatusQueued    RunStatus = "QUEUED"
	StatusRunning   RunStatus = "RUNNING"
	StatusSucceeded RunStatus = "SUCCEEDED"
	StatusFailed    RunStatus = "FAILED"
	StatusCancelled RunStatus = "CANCELLED"
	StatusTimedOut  RunStatus = "TIMED_OUT"
	StatusSkipped   RunStatus = "SKIPPED"
)

// Final tells whether nothing more will happen.
func (s RunStatus) Final() bool { return s != StatusQueued && s != StatusRunning }

// ImportStage is what an import is doing.
type ImportStage string

// The stages, in their order.
const (
	StageReceiving   ImportStage = "RECEIVING"   // the upload, or the source, is being copied
	StageReading     ImportStage = "READING"     // the file is checked, and the types of its columns are found
	StageWriting     ImportStage = "WRITING"     // the rows are stored
	StageSummarising ImportStage = "SUMMARISING" // statistics and first rows are taken
)

// ImportKind is what an import does with its file.
type ImportKind string

// The kinds of imports. The last two replace what a dataset holds.
const (
	ImportNew      ImportKind = "import"   // makes a dataset
	ImportAppend   ImportKind = "append"   // adds a part to a dataset
	ImportAgain    ImportKind = "reimport" // reads a dataset's S3 object again
	ImportReupload ImportKind = "reupload" // takes another file for a dataset
)

// What else versions come from.
const (
	KindTransform ImportKind = "transform"
	KindRestore   ImportKind = "restore"
)

// Replaces tells whether the import's rows take the place of a dataset's.
func (k ImportKind) Replaces() bool { return k == ImportAgain || k == ImportReupload }

// ImportJob is one import of a file into a dataset.
type ImportJob struct {
	ID          string
	Kind        ImportKind
	Status      RunStatus
	Name        string // of the dataset
	Description string
	DatasetID   string // reserved when the job is made; readable once a version is published
	Base        int64  // number of the dataset's newest version when its replacement was begun
	OwnerID     string
	S3          *S3Object // that is copied to SourceKey before it is read; nil for uploads
	SourceKey   string    // blob key of the file that is imported
	SourceBytes int64
	Options     CSVOptions
	Progress    float64 // 0..1
	Stage       ImportStage
	Attempt     int              // from 1; more than one when the executor was lost on the way, or the service was started anew
	Worker      string           // another one where another process has taken it over; who worked on it before must leave it alone
	Cancel      bool             // somebody asked for its end
	Decisions   []ColumnDecision // on classes, taken before its version is published
	Staged      *StagedVersion   // written, and waiting for somebody to confirm it
	Problem     *ImportProblem
	Events      []ImportEvent // the newest, in their order
	Heartbeat   time.Time
	Version     int64
	CreatedAt   time.Time
	StartedAt   time.Time
	FinishedAt  time.Time
}

// ColumnDecision is the class that somebody has decided on for a column of an import.
type ColumnDecision struct {
	Column   string   `json:"column"`
	Class    PIIClass `json:"class"`
	Approved bool     `json:"approved,omitempty"` // by an administrator
}

// ImportProblem is why an import failed and where in the file.
type ImportProblem struct {
	Code   Code           `json:"code"`
	Reason string         `json:"reason,omitempty"`
	Args   map[string]any `json:"args,omitempty"`
	Line   int64          `json:"line,omitempty"`   // from 1, 0 when the problem has no line
	Column int64          `json:"column,omitempty"` // field number from 1, 0 when none
	Offset int64          `json:"offset,omitempty"` // first bad byte, from 0
	Sample string         `json:"sample,omitempty"` // the offending text, shortened
}

// StagedVersion is a version of a dataset that is written and not published: it
// waits until somebody confirms what it holds or changes, or until its time is over.
type StagedVersion struct {
	Columns   []Column  `json:"columns"`
	RowCount  int64     `json:"rowCount"`
	Bytes     int64     `json:"bytes"`
	Target    string    `json:"target"` // blob prefix that it lies below
	Parts     []string  `json:"parts"`
	Summary   string    `json:"summary,omitempty"`
	Digest    string    `json:"digest"`            // SHA-256 over the bytes of the parts, in hex
	Blocked   []Column  `json:"blocked,omitempty"` // confidential columns that it must not be published with before somebody decides
	ExpiresAt time.Time `json:"expiresAt"`
}

package engine

import (
	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

// task is what the engine asks of a worker: exactly one of Load, Slice, Rows,
// Values, Summary and Table is set. A worker does one task at a time.
type task struct {
	Dir            string       `json:"dir"` // the worker's own
	MemoryMB       int64        `json:"memoryMb"`
	AddressSpaceMB int64        `json:"addressSpaceMb"` // on top of what the process has at the start
	Threads        int          `json:"threads"`
	Load           *loadTask    `json:"load,omitempty"`
	Slice          *sliceTask   `json:"slice,omitempty"`
	Export         *exportTask  `json:"export,omitempty"`
	Rows           *rowsTask    `json:"rows,omitempty"`
	Values         *valuesTask  `json:"values,omitempty"`
	Summary        *summaryTask `json:"summary,omitempty"`
	Table          *tableTask   `json:"table,omitempty"` // a memory file comes along
}

// loadTask asks for the Parquet parts of a file, in the worker's folder.
type loadTask struct {
	Source   string          `json:"source"`
	MaxBytes int64           `json:"maxBytes"`
	Options  core.CSVOptions `json:"options"` // with the file's format
	Seconds  float64         `json:"seconds"` // that it may take on each core
}

// data is a source, whole, with the paths of its parts: a worker knows what may
// be seen of what it reads.
type data struct {
	Source client.Source `json:"source"`
	Paths  []string      `json:"paths"`
}

// exportTask asks for a file with the selected columns.
type exportTask struct {
	data
	Select   []core.Column       `json:"select"`
	Format   core.FileFormat     `json:"format"`
	Encoding core.ExportEncoding `json:"encoding"`
}

// exportInfo describes a file that comes along.
type exportInfo struct {
	Rows  int64 `json:"rows"`
	Bytes int64 `json:"bytes"`
}

type sliceTask struct {
	data
	Select []core.Column `json:"select"`
	Limit  int64         `json:"limit,omitempty"` // first rows; 0: all
}

type rowsTask struct {
	data
	Limit int `json:"limit"`
}

type valuesTask struct {
	data
	Column   core.Column `json:"column"`
	Contains string      `json:"contains,omitempty"`
	Limit    int         `json:"limit"`
}

// summaryTask asks for the summary of a whole version.
type summaryTask struct {
	data
}

// tableTask asks for the Parquet parts of a transform's table, or for its first rows.
type tableTask struct {
	Bytes int64 `json:"bytes"` // of the memory file
	Keep  bool  `json:"keep"`
	Rows  int   `json:"rows"` // that are shown where nothing is kept

	Seconds float64 `json:"seconds"` // that it may take on each core
}

// event is what a worker tells: progress and finished parts while it loads, then
// one event with Last and the answer.
type event struct {
	Progress float64             `json:"progress,omitempty"`
	Stage    core.ImportStage    `json:"stage,omitempty"`   // that the progress is of
	Counted  int64               `json:"counted,omitempty"` // rows of the file, once they are
	Part     *partFile           `json:"part,omitempty"`
	Last     bool                `json:"last,omitempty"`
	Loaded   *loaded             `json:"loaded,omitempty"` // the summary comes along as a file, if there is one
	Slice    *sliceInfo          `json:"slice,omitempty"`  // the memory file comes along
	Export   *exportInfo         `json:"export,omitempty"` // the file comes along
	Rows     *client.RowsReply   `json:"rows,omitempty"`
	Values   *client.ValuesReply `json:"values,omitempty"`
	Problem  *client.Problem     `json:"problem,omitempty"`
	Failure  *failure            `json:"failure,omitempty"`
	Resident int64               `json:"resident,omitempty"` // bytes of memory that the worker has afterwards
}

// partFile is a finished Parquet part.
type partFile struct {
	Index int    `json:"index"`
	Path  string `json:"path"`
	Bytes int64  `json:"bytes"`
}

// loaded describes what a load has made.
type loaded struct {
	Columns   []core.Column `json:"columns"`
	Rows      int64         `json:"rows"`
	Encoding  string        `json:"encoding"`
	Delimiter string        `json:"delimiter"`
	Renamed   []string      `json:"renamed,omitempty"`
	Unsummed  string        `json:"unsummed,omitempty"` // why there is no summary, for the log
}

type sliceInfo struct {
	Rows  int64 `json:"rows"`
	Bytes int64 `json:"bytes"`
}

// failure is an error of the worker's. After a fatal one it must not be asked again.
type failure struct {
	Code    core.Code `json:"code"`
	Message string    `json:"message"` // for the log
	Fatal   bool      `json:"fatal,omitempty"`
}

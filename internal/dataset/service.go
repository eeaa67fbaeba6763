package dataset

import (
	"context"
	"errors"
	"io"

	"github.com/karuta-bi/karuta/internal/core"
)

// Limits of what can be asked of a dataset.
const (
	DefaultPreview = 100
	MaxPreview     = 1000
	MaxValues      = 500
)

// Service does what can be done with datasets. Every method checks the actor
// of its context.
type Service struct{}

var errNotYet = errors.New("not yet")

// ImportInput asks for an import. AppendTo is the dataset that gets the file
// as its next part, "" makes a new dataset.
type ImportInput struct {
	Name        string
	Description string
	Filename    string // as the client named it; only for the log
	File        io.Reader
	Options     core.CSVOptions
	AppendTo    string
}

// Import reads the whole file, then starts a job that imports it and returns
// the job at once. Errors: VALIDATION_ERROR, FILE_TOO_LARGE, NOT_FOUND (AppendTo).
func (s *Service) Import(ctx context.Context, in ImportInput) (*core.ImportJob, error) {
	return nil, errNotYet
}

// ImportJob is one's own job (an admin's: any). NOT_FOUND otherwise.
func (s *Service) ImportJob(ctx context.Context, id string) (*core.ImportJob, error) {
	return nil, errNotYet
}

// Dataset is one dataset that the actor may read: as owner, as admin or
// through a dashboard. NOT_FOUND otherwise.
func (s *Service) Dataset(ctx context.Context, id string) (*core.Dataset, error) {
	return nil, errNotYet
}

// Datasets lists the actor's own datasets, newest first; with all set an admin
// lists everybody's, by name.
func (s *Service) Datasets(ctx context.Context, all bool, page core.PageArgs) (core.Page[*core.Dataset], error) {
	return core.Page[*core.Dataset]{}, errNotYet
}

// Versions lists a dataset's versions, newest first; for its owner and admins.
func (s *Service) Versions(ctx context.Context, id string, page core.PageArgs) (core.Page[*core.DatasetVersion], error) {
	return core.Page[*core.DatasetVersion]{}, errNotYet
}

// Change is an edit of a dataset's texts. Nil leaves a text as it is.
type Change struct {
	ID          string
	Version     int64 // as last read
	Name        *string
	Description *string
	Columns     []ColumnChange
}

// ColumnChange describes one column anew.
type ColumnChange struct {
	Name        string
	Description string
}

// Update changes a dataset's texts; for its owner. CONFLICT when it was changed since.
func (s *Service) Update(ctx context.Context, c Change) (*core.Dataset, error) {
	return nil, errNotYet
}

// Delete removes a dataset and its data; for its owner and admins. Refused
// with VALIDATION_ERROR.in_use while cards read it.
func (s *Service) Delete(ctx context.Context, id string) error { return errNotYet }

// Preview is the first rows of a dataset as text; nil is null.
type Preview struct {
	Columns   []core.Column
	Rows      [][]*string
	TotalRows int64
}

// Preview reads the first rows (1..[MaxPreview], 0 is [DefaultPreview]); for
// the owner and admins.
func (s *Service) Preview(ctx context.Context, id string, limit int) (*Preview, error) {
	return nil, errNotYet
}

// ValuesInput asks for a column's distinct values. With a DashboardID, its
// viewers may ask for the columns that its filters choose from; without one it
// is for the dataset's owner and admins.
type ValuesInput struct {
	DatasetID   string
	DashboardID string
	Column      string
	Search      string // only values that contain this text
	Limit       int    // 1..[MaxValues], 0 is all of these
}

// Values are distinct values of a column, sorted by the column's own order.
type Values struct {
	Values    []string
	HasNull   bool
	Truncated bool // there are more than the limit
}

// ColumnValues reads a column's distinct values.
func (s *Service) ColumnValues(ctx context.Context, in ValuesInput) (*Values, error) {
	return nil, errNotYet
}

// Recover fails the jobs that an earlier process left unfinished and sweeps
// what they wrote. Call it once at start, before the first import.
func (s *Service) Recover(ctx context.Context) error { return errNotYet }

// Close stops the running imports and waits for them; when the context ends
// first it returns its error.
func (s *Service) Close(ctx context.Context) error { return errNotYet }

package card

import (
	"context"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// ExportInput asks for a file with what the actor sees of a dataset: all of it for
// the dataset's owner and admins, by filters on any column; with a DashboardID,
// for those who may edit that, what a card there shows of it, by the dashboard's
// filters. A CardID alone is for the card's owner and admins.
type ExportInput struct {
	ID          string              `json:"id"` // of the dataset
	Format      core.FileFormat     `json:"format"`
	Encoding    core.ExportEncoding `json:"encoding"` // of CSV
	DashboardID string              `json:"dashboardId,omitempty"`
	CardID      string              `json:"cardId,omitempty"` // any over the dataset where empty
	Filters     []core.FilterValue  `json:"filters,omitempty"`
	Columns     []string            `json:"columns,omitempty"` // all that are seen where empty
}

// Offer is a file that can be fetched.
type Offer struct {
	URL       string // a path below [ExportPrefix]
	ExpiresAt time.Time
	FileName  string
}

// Export offers a file to the actor. FORBIDDEN.export where they may only see the
// data, NOT_FOUND where not even that.
func (s *Service) Export(ctx context.Context, in ExportInput) (*Offer, error) {
	if err := checkExport(in); err != nil {
		return nil, err
	}
	if err := core.CheckFilterValues("input.filters", in.Filters); err != nil {
		return nil, err
	}
	in.Filters = s.Resolved(in.Filters) // the days that they stand for now
	w, err := s.exportWork(ctx, in)
	if err != nil {
		return nil, err
	}
	until := store.Now().Add(exportLifetime).Truncate(time.Second)
	token, err := s.keepExport(ctx, exportPlan{Who: core.ActorFrom(ctx).SignIn(), Input: in, Digest: w.digest()}, until)
	if err != nil {
		return nil, core.Internal("keep export", err)
	}
	return &Offer{URL: ExportPrefix + token, ExpiresAt: until, FileName: w.name}, nil
}

// exportWork is a file that is to be written, of the data as its reader sees it now.
type exportWork struct {
	job
	name    string
	columns []string
}

func (s *Service) exportWork(ctx context.Context, in ExportInput) (w exportWork, err error) {
	d, j, err := s.exportable(ctx, in)
	if err != nil {
		return w, err
	}
	w = exportWork{job: j, name: exportName(d.Name, in.Format), columns: in.Columns}
	if len(w.columns) == 0 {
		for _, c := range j.source.Seen() {
			w.columns = append(w.columns, c.Name)
		}
	}
	return w, checkExportColumns(w.columns, j.source.Seen())
}

// digest tells the same file from others: a changed policy, share, filter or version
// makes another one.
func (w exportWork) digest() string {
	return digest(w.source.DatasetID, w.source.Version, w.source.Sight, w.source.Where, w.columns)
}

// ExportFile is a file on its way. Close it; one that breaks off ends in an error.
type ExportFile struct {
	Name  string
	Type  string // of its content
	Bytes int64
	io.ReadCloser
}

// OpenExport fetches the file behind a token of Export, for whom it was made: as
// long as they are signed in, may still take the data out, and see of it what they
// saw. NOT_FOUND otherwise, VALIDATION_ERROR where the data does not fit the
// format. That the data went out is recorded before its first byte is given.
func (s *Service) OpenExport(ctx context.Context, token string) (*ExportFile, error) {
	p, err := s.exportPlan(ctx, token)
	if err != nil {
		return nil, err
	}
	actor, err := s.Resume(ctx, p.Who)
	if err != nil {
		return nil, notThere(err)
	}
	ctx = core.WithActor(ctx, actor)
	w, err := s.exportWork(ctx, p.Input)
	if err != nil || w.digest() != p.Digest {
		return nil, notThere(err)
	}
	if err := s.Audit.Ready(); err != nil {
		return nil, err
	}
	out, err := s.Executor.Export(ctx, client.ExportRequest{Source: w.source, Columns: w.columns, Format: p.Input.Format, Encoding: p.Input.Encoding})
	if err != nil {
		return nil, err
	}
	if err := s.Audit.RecordStrict(ctx, exported(p.Input, w, out.Rows)); err != nil {
		_ = out.Body.Close()
		return nil, err
	}
	return &ExportFile{Name: w.name, Type: exportTypes[p.Input.Format], Bytes: out.Bytes, ReadCloser: out.Body}, nil
}

// exported is the line of the audit log.
func exported(in ExportInput, w exportWork, rows int64) core.AuditEvent {
	details := map[string]string{
		"format": string(in.Format), "rows": strconv.FormatInt(rows, 10), "columns": strings.Join(w.columns, ", "),
		"version": strconv.FormatInt(w.source.Version, 10),
	}
	if in.DashboardID != "" {
		details["dashboard"] = in.DashboardID
	}
	if w.card.ID != "" {
		details["card"] = w.card.ID
	}
	if len(w.values) > 0 {
		details["filters"] = strings.Join(columnsOf(w.values), ", ") // the log is no place for values
	}
	return core.AuditEvent{Type: core.EventDataExported, TargetType: "dataset", TargetID: in.ID, Details: details}
}

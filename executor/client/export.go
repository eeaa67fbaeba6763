package client

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/karuta-bi/karuta/internal/core"
)

// PathExport writes a file; the answer is the file, or JSON with a Problem.
const PathExport = "/export"

// RowsHeader tells how many rows an exported file has.
const RowsHeader = "X-Karuta-Rows"

// ExportRequest asks for a file with what is seen of a source.
type ExportRequest struct {
	Source   Source              `json:"source"`
	Columns  []string            `json:"columns,omitempty"` // all that are seen where empty
	Format   core.FileFormat     `json:"format"`            // CSV, XLSX or PARQUET
	Encoding core.ExportEncoding `json:"encoding"`          // of CSV
}

// ExportReply is what is wrong with a request for a file.
type ExportReply struct {
	Problem *Problem `json:"problem"`
}

// Exported is a file on its way. Close Body; a file that breaks off ends in an error.
type Exported struct {
	Rows, Bytes int64
	Body        io.ReadCloser
}

// Export asks for a file; errors as in [Client.Rows].
func (c *Client) Export(ctx context.Context, req ExportRequest) (*Exported, error) {
	raw, err := json.Marshal(req)
	if err != nil {
		return nil, core.Internal("executor request", err)
	}
	resp, err := c.respond(ctx, http.MethodPost, PathExport, raw)
	if err != nil {
		return nil, err
	}
	if resp.Header.Get("Content-Type") == "application/json" {
		reply, err := decode[ExportReply](ctx, resp.Body)
		if err == nil {
			err = reply.Problem.error()
		}
		return nil, err
	}
	rows, err := strconv.ParseInt(resp.Header.Get(RowsHeader), 10, 64)
	if err != nil || resp.ContentLength < 0 {
		return nil, lost(ctx, errors.Join(err, resp.Body.Close(), errors.New("an export without its size")))
	}
	return &Exported{Rows: rows, Bytes: resp.ContentLength, Body: resp.Body}, nil
}

package executor

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
)

// exportTimeout is how long a file may be on its way, however slowly it is read.
const exportTimeout = 30 * time.Minute

// export answers with a file. Its length is told before, so that one that breaks
// off is noticed.
func (s *server) export(ctx context.Context, w http.ResponseWriter, req client.ExportRequest) error {
	ctx, cancel := context.WithTimeout(ctx, exportTimeout)
	defer cancel()
	file, err := s.engine.Export(ctx, req)
	if problem := problemOf(err); problem != nil {
		return reply(w, client.ExportReply{Problem: problem})
	}
	if err != nil {
		return err
	}
	defer file.Close()
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Length", strconv.FormatInt(file.Bytes, 10))
	h.Set(client.RowsHeader, strconv.FormatInt(file.Rows, 10))
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(exportTimeout))
	if _, err := io.Copy(w, file.File); err != nil {
		panic(http.ErrAbortHandler) // the caller has left
	}
	return nil
}

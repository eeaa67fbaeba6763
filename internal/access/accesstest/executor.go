package accesstest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/karuta-bi/karuta/executor/client"
)

// Executor is a server that speaks the executor's protocol and answers as the
// test says. A transform's gone is closed when its caller goes away.
type Executor struct {
	Card      func(client.CardRequest) client.CardReply
	Import    func(req client.ImportRequest, tell func(client.ImportEvent)) client.ImportEvent
	Transform func(req client.TransformRequest, tell func(client.TransformEvent), gone <-chan struct{}) client.TransformEvent
	Rows      func(client.RowsRequest) client.RowsReply
	Values    func(client.ValuesRequest) client.ValuesReply
	Summary   func(client.SummaryRequest) client.SummaryReply // nil: as an executor that cannot
	Export    func(client.ExportRequest) (rows int64, file string, problem *client.Problem)

	CardLeft func()       // called when a caller of Card goes away; may be nil
	Runs     atomic.Int32 // calls of Card
	Away     atomic.Bool  // answer as an executor that is not there

	url string
}

const secret = "a secret of at least 32 characters"

// NewExecutor starts a server that ends with the test.
func NewExecutor(t testing.TB) *Executor {
	t.Helper()
	e := &Executor{}
	verifier := client.NewVerifier(secret)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || verifier.Verify(r, body) != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if e.Away.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		e.answer(w, r, body)
	}))
	t.Cleanup(srv.Close)
	e.url = srv.URL
	return e
}

// Client calls the server.
func (e *Executor) Client() *client.Client { return client.New(e.url, secret) }

func (e *Executor) answer(w http.ResponseWriter, r *http.Request, body []byte) {
	out := json.NewEncoder(w)
	switch r.URL.Path {
	case client.PathCard:
		e.Runs.Add(1)
		if e.CardLeft != nil {
			defer context.AfterFunc(r.Context(), e.CardLeft)()
		}
		_ = out.Encode(e.Card(decode[client.CardRequest](body)))
	case client.PathRows:
		_ = out.Encode(e.Rows(decode[client.RowsRequest](body)))
	case client.PathValues:
		_ = out.Encode(e.Values(decode[client.ValuesRequest](body)))
	case client.PathSummary:
		if e.Summary == nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_ = out.Encode(e.Summary(decode[client.SummaryRequest](body)))
	case client.PathExport:
		rows, file, problem := e.Export(decode[client.ExportRequest](body))
		if problem != nil {
			w.Header().Set("Content-Type", "application/json")
			_ = out.Encode(client.ExportReply{Problem: problem})
			return
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Length", strconv.Itoa(len(file)))
		w.Header().Set(client.RowsHeader, strconv.FormatInt(rows, 10))
		_, _ = io.WriteString(w, file)
	case client.PathImport:
		last := e.Import(decode[client.ImportRequest](body), telling[client.ImportEvent](w, out))
		_ = out.Encode(last)
	case client.PathTransform:
		last := e.Transform(decode[client.TransformRequest](body), telling[client.TransformEvent](w, out), r.Context().Done())
		_ = out.Encode(last)
	}
}

// telling writes each event as soon as it is told.
func telling[T any](w http.ResponseWriter, out *json.Encoder) func(T) {
	return func(ev T) {
		_ = out.Encode(ev)
		_ = http.NewResponseController(w).Flush()
	}
}

func decode[T any](body []byte) (v T) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		panic(err)
	}
	return v
}

package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
)

// The paths of the executor.
const (
	PathCard   = "/execute/card"
	PathImport = "/import"
	PathRows   = "/rows"
	PathValues = "/values"
	PathHealth = "/health"
)

// ReasonHeader carries, beside status 503, the reason of SERVICE_UNAVAILABLE
// ("busy", "python_refused"), which picks the sentence that people read.
const ReasonHeader = "X-Karuta-Reason"

const (
	dialTimeout = 5 * time.Second
	tries       = 3 // in all
	firstPause  = 100 * time.Millisecond
	maxReply    = 128 << 20 // the largest card result, with its quotes escaped
	maxRefusal  = 4 << 10
)

// Client calls one executor. Each call has its own connection: that costs a
// tenth of a millisecond and tells a call that never reached the executor, which
// is tried again, from one that was lost on the way, which is not. It is safe
// for concurrent use and needs no closing.
type Client struct {
	base   string
	secret string
	http   *http.Client
}

// New makes a client for "unix:///path/to/socket" or "http://host:port".
func New(endpoint, secret string) *Client {
	dialer := &net.Dialer{Timeout: dialTimeout}
	transport := &http.Transport{DisableKeepAlives: true, DisableCompression: true, DialContext: dialer.DialContext}
	base := strings.TrimSuffix(endpoint, "/")
	if path, ok := strings.CutPrefix(endpoint, "unix://"); ok {
		base = "http://executor"
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", path)
		}
	}
	return &Client{base: base, secret: secret, http: &http.Client{Transport: transport}}
}

// Render runs a card once. A failure that the code or the data caused is the
// reply's Problem; the executor's own are errors: SERVICE_UNAVAILABLE when it
// cannot be reached or is full, EXECUTION_ERROR.executor_lost when it went away
// during the run.
func (c *Client) Render(ctx context.Context, req CardRequest) (*CardReply, error) {
	return call[CardReply](ctx, c, PathCard, req)
}

// Rows reads the first rows of a source; errors as in [Client.Render], and what
// the request or the data is wrong with: VALIDATION_ERROR, SOURCE_NOT_FOUND,
// MEMORY_LIMIT.
func (c *Client) Rows(ctx context.Context, req RowsRequest) (*RowsReply, error) {
	reply, err := call[RowsReply](ctx, c, PathRows, req)
	if err == nil {
		err = reply.Problem.error()
	}
	return reply, err
}

// Values reads a column's distinct values; errors as in [Client.Rows].
func (c *Client) Values(ctx context.Context, req ValuesRequest) (*ValuesReply, error) {
	reply, err := call[ValuesReply](ctx, c, PathValues, req)
	if err == nil {
		err = reply.Problem.error()
	}
	return reply, err
}

// Summarise writes the summary of a version; errors as in [Client.Rows].
func (c *Client) Summarise(ctx context.Context, req SummaryRequest) error {
	reply, err := call[SummaryReply](ctx, c, PathSummary, req)
	if err != nil {
		return err
	}
	return reply.Problem.error()
}

// Health asks how the executor is; verbosely, how it isolates runs.
func (c *Client) Health(ctx context.Context, verbose bool) (*Health, error) {
	path := PathHealth
	if verbose {
		path += "?verbose"
	}
	body, err := c.send(ctx, http.MethodGet, path, nil)
	if err != nil {
		return nil, err
	}
	return decode[Health](ctx, body)
}

// Import turns an uploaded file into a dataset version and tells its progress
// on the way. Exactly one of the three answers is set: the version, what is
// wrong with the file, or an error as in [Client.Render].
func (c *Client) Import(ctx context.Context, req ImportRequest, progress func(ImportEvent)) (*ImportDone, *Problem, error) {
	last, err := follow(ctx, c, PathImport, req, func(ev ImportEvent) bool {
		ended := ev.Done != nil || ev.Problem != nil
		if !ended {
			progress(ev)
		}
		return ended
	})
	return last.Done, last.Problem, err
}

// follow reads an answer line by line, until the function says that one is the last.
func follow[Event any](ctx context.Context, c *Client, path string, req any, last func(Event) bool) (ev Event, err error) {
	var none Event
	raw, err := json.Marshal(req)
	if err != nil {
		return none, core.Internal("executor request", err)
	}
	body, err := c.send(ctx, http.MethodPost, path, raw)
	if err != nil {
		return none, err
	}
	defer body.Close()
	lines := json.NewDecoder(io.LimitReader(body, maxReply))
	for {
		ev := none
		if err := lines.Decode(&ev); err != nil {
			return none, lost(ctx, err)
		}
		if last(ev) {
			return ev, nil
		}
	}
}

func call[Reply any](ctx context.Context, c *Client, path string, req any) (*Reply, error) {
	raw, err := json.Marshal(req)
	if err != nil {
		return nil, core.Internal("executor request", err)
	}
	body, err := c.send(ctx, http.MethodPost, path, raw)
	if err != nil {
		return nil, err
	}
	return decode[Reply](ctx, body)
}

func decode[Reply any](ctx context.Context, body io.ReadCloser) (*Reply, error) {
	defer body.Close()
	reply := new(Reply)
	if err := json.NewDecoder(io.LimitReader(body, maxReply)).Decode(reply); err != nil {
		return nil, lost(ctx, err)
	}
	return reply, nil
}

// send does the request, again after a pause where no connection came about.
func (c *Client) send(ctx context.Context, method, path string, body []byte) (io.ReadCloser, error) {
	resp, err := c.respond(ctx, method, path, body)
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}

// respond is send for those who read the headers too.
func (c *Client) respond(ctx context.Context, method, path string, body []byte) (*http.Response, error) {
	pause := firstPause
	for try := 1; ; try++ {
		answer, err := c.once(ctx, method, path, body)
		if err == nil || !neverReached(err) {
			return answer, err
		}
		if try == tries && ctx.Err() == nil {
			return nil, &core.Error{Code: core.CodeUnavailable, Cause: err}
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pause):
			pause *= 4
		}
	}
}

func (c *Client) once(ctx context.Context, method, path string, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, core.Internal("executor request", err)
	}
	req.Header.Set("Content-Type", "application/json")
	if id := core.ActorFrom(ctx).RequestID; id != "" {
		req.Header.Set("X-Request-Id", id)
	}
	Sign(req, c.secret, body)
	resp, err := c.http.Do(req)
	if err != nil {
		if neverReached(err) {
			return nil, err
		}
		return nil, lost(ctx, err)
	}
	if resp.StatusCode != http.StatusOK {
		defer resp.Body.Close()
		return nil, refused(resp)
	}
	return resp, nil
}

// neverReached tells that the connection could not be opened at all.
func neverReached(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}

// refused is the executor's own failure: busy or broken, never the card's.
func refused(resp *http.Response) error {
	text, _ := io.ReadAll(io.LimitReader(resp.Body, maxRefusal))
	cause := fmt.Errorf("executor answered %s: %s", resp.Status, bytes.TrimSpace(text))
	switch resp.StatusCode {
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		return unavailable(resp.Header.Get(ReasonHeader), text, cause)
	}
	return core.Internal("executor", cause)
}

// lost is a call that reached the executor and never came back.
func lost(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return &core.Error{Code: core.CodeExecution, Reason: "executor_lost", Cause: err}
}

package dynamo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/karuta-bi/karuta/internal/table/tabletest"
	"github.com/karuta-bi/karuta/internal/testkit"
)

// A fault is what happens to a request instead of an unharmed passage.
type fault func(r *http.Request) (*http.Response, error)

// faulty stands between an engine and a real server. A request takes the next
// fault that is laid out for its operation; without one it passes.
type faulty struct {
	tabletest.Operations
	mu     sync.Mutex
	faults map[string][]fault
	always map[string]fault
}

func newFaulty() *faulty {
	f := &faulty{faults: map[string][]fault{}, always: map[string]fault{}}
	f.Next = fault(f.pass)
	return f
}

// RoundTrip implements [http.RoundTripper].
func (f fault) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func (f *faulty) pass(r *http.Request) (*http.Response, error) {
	if hit := f.take(tabletest.Operation(r)); hit != nil {
		return hit(r)
	}
	return http.DefaultTransport.RoundTrip(r)
}

func (f *faulty) take(op string) fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.faults[op]) == 0 {
		return f.always[op]
	}
	hit := f.faults[op][0]
	f.faults[op] = f.faults[op][1:]
	return hit
}

func (f *faulty) lay(op string, faults ...fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults[op] = faults
}

func (f *faulty) layForever(op string, always fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.always[op] = always
}

// wantAllHit fails where a fault was never met, so that a test cannot pass by missing it.
func (f *faulty) wantAllHit(t *testing.T) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	for op, left := range f.faults {
		if len(left) > 0 {
			t.Errorf("%d faults of %s were never met", len(left), op)
		}
	}
}

// openFaulty gives an engine that meets faults and one on the same tables that does not.
func openFaulty(t *testing.T) (*faulty, *Engine, *Engine) {
	t.Helper()
	f, endpoint := newFaulty(), testkit.Dynoxide(t)
	e := open(t, endpoint, f)
	if err := e.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	plain := open(t, endpoint, nil)
	plain.prefix = e.prefix
	return f, e, plain
}

var errReset = &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}

// reset breaks the connection before the server sees the request.
func reset(*http.Request) (*http.Response, error) { return nil, errReset }

// lost lets the server do its work and loses the answer.
func lost(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	return nil, errReset
}

// silent lets the server do its work and holds the answer back for ever.
func silent(r *http.Request) (*http.Response, error) {
	_, _ = lost(r)
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// cut lets the answer break off in the middle, after its status has come.
func cut(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body[:len(body)/2]), broken{}))
	return resp, nil
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// then does something between the fault and the next request.
func (f fault) then(do func()) fault {
	return func(r *http.Request) (*http.Response, error) {
		resp, err := f(r)
		do()
		return resp, err
	}
}

// answer is the server's place taken: a status and a body in its form.
func answer(status int, body string) fault {
	return func(r *http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
			Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}},
			Body:   io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
		}, nil
	}
}

// refusal is an error of the service; more may add fields to it.
func refusal(code, more string) fault {
	return answer(http.StatusBadRequest, fmt.Sprintf(`{"__type":"com.amazonaws.dynamodb.v20120810#%s","message":"m"%s}`, code, more))
}

// canceled is a refused transaction with its reasons.
func canceled(codes ...string) fault {
	reasons := make([]string, len(codes))
	for i, c := range codes {
		reasons[i] = fmt.Sprintf(`{"Code":%q,"Message":"m"}`, c)
	}
	return refusal("TransactionCanceledException", `,"CancellationReasons":[`+strings.Join(reasons, ",")+`]`)
}

// partly answers a BatchGetItem for the first keys only and leaves the others unprocessed.
func partly(keep int) fault {
	return func(r *http.Request) (*http.Response, error) {
		var asked struct {
			RequestItems map[string]struct {
				Keys           []json.RawMessage
				ConsistentRead bool
			}
		}
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			return nil, err
		}
		now, later := map[string]any{}, map[string]any{}
		for name, part := range asked.RequestItems {
			n := min(keep, len(part.Keys))
			keep -= n
			if n > 0 {
				now[name] = map[string]any{"Keys": part.Keys[:n], "ConsistentRead": part.ConsistentRead}
			}
			if n < len(part.Keys) {
				later[name] = map[string]any{"Keys": part.Keys[n:], "ConsistentRead": part.ConsistentRead}
			}
		}
		got := map[string]any{"Responses": map[string]any{}}
		if len(now) > 0 {
			if err := ask(r, map[string]any{"RequestItems": now}, &got); err != nil {
				return nil, err
			}
		}
		got["UnprocessedKeys"] = later
		body, _ := json.Marshal(got)
		return answer(http.StatusOK, string(body))(r)
	}
}

// ask sends another body in the request's place and reads the answer.
func ask(r *http.Request, body, into any) error {
	raw, _ := json.Marshal(body)
	again := r.Clone(r.Context())
	again.Body, again.ContentLength = io.NopCloser(bytes.NewReader(raw)), int64(len(raw))
	resp, err := http.DefaultTransport.RoundTrip(again)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return json.NewDecoder(resp.Body).Decode(into)
}

package executor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/executor/engine"
	"github.com/karuta-bi/karuta/executor/supervisor"
	"github.com/karuta-bi/karuta/internal/core"
)

const secret = "0123456789abcdef0123456789abcdef"

// fakeEngine answers what the test says.
type fakeEngine struct {
	Engine
	sliced    [][]string // columns of each slice
	slice     *engine.Slice
	err       error
	exporting func(ctx context.Context) (*engine.Exported, error)
	importing func(ctx context.Context, progress func(client.ImportEvent)) (*client.ImportDone, *client.Problem, error)
}

func (f *fakeEngine) Slice(_ context.Context, _ client.Source, columns []string) (*engine.Slice, error) {
	f.sliced = append(f.sliced, columns)
	return f.slice, f.err
}

func (f *fakeEngine) Export(ctx context.Context, _ client.ExportRequest) (*engine.Exported, error) {
	return f.exporting(ctx)
}

func (f *fakeEngine) Rows(context.Context, client.RowsRequest) (*client.RowsReply, error) {
	if f.err != nil {
		return nil, f.err
	}
	return &client.RowsReply{TotalRows: 7}, nil
}

func (f *fakeEngine) Values(context.Context, client.ValuesRequest) (*client.ValuesReply, error) {
	return &client.ValuesReply{}, f.err
}

func (f *fakeEngine) Import(ctx context.Context, _ client.ImportRequest, progress func(client.ImportEvent)) (*client.ImportDone, *client.Problem, error) {
	return f.importing(ctx, progress)
}

// fakeRunner remembers the run and answers what the test says.
type fakeRunner struct {
	refusal string
	relaxed bool
	layers  []client.Layer
	render  func(ctx context.Context, run supervisor.Run) (*client.CardReply, error)
}

func (f *fakeRunner) Render(ctx context.Context, run supervisor.Run) (*client.CardReply, error) {
	return f.render(ctx, run)
}
func (f *fakeRunner) Isolation() []client.Layer { return f.layers }
func (f *fakeRunner) Refusal() string           { return f.refusal }
func (f *fakeRunner) Relaxed() bool             { return f.relaxed }
func (f *fakeRunner) Limits() client.Limits     { return client.Limits{Slots: 2} }
func (f *fakeRunner) Running() int              { return 1 }
func (f *fakeRunner) Queued() int               { return 2 }

// running is an executor on a free port.
type running struct {
	url, healthURL string
	client         *client.Client
	stop           context.CancelFunc
	ended          chan error
}

func start(t testing.TB, e Engine, r Runner) *running {
	t.Helper()
	return startWith(t, Options{Engine: e, Runner: r})
}

func startWith(t testing.TB, o Options) *running {
	t.Helper()
	calls, health := listen(t), listen(t)
	ctx, cancel := context.WithCancel(context.Background())
	x := &running{url: "http://" + calls.Addr().String(), healthURL: "http://" + health.Addr().String(), stop: cancel, ended: make(chan error, 1)}
	x.client = client.New(x.url, secret)
	go func() {
		o.Listener, o.Health, o.Secret, o.Log, o.Grace = calls, health, secret, slog.New(slog.DiscardHandler), 5*time.Second
		x.ended <- Serve(ctx, o)
	}()
	t.Cleanup(cancel)
	return x
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// HLT-1: the answer is kept byte for byte.
func TestHealth(t *testing.T) {
	x := start(t, &fakeEngine{}, &fakeRunner{layers: []client.Layer{{Name: "seccomp", Required: true, Holds: true}}})
	for _, base := range []string{x.url, x.healthURL} {
		if status, body := get(t, base+"/health"); status != 200 || body != `{"status":"ok"}` {
			t.Errorf("%s: %d %q", base, status, body)
		}
	}
	h, err := x.client.Health(t.Context(), true)
	if err != nil || !h.Strict || len(h.Isolation) != 1 || h.Running != 1 || h.Queued != 2 {
		t.Errorf("verbose: %+v, %v", h, err)
	}
	if status, _ := get(t, x.healthURL+"/rows"); status != 404 {
		t.Errorf("the health address answers more than health: %d", status)
	}
}

func TestStrictNeedsEveryRequiredLayer(t *testing.T) {
	for _, c := range []struct {
		layers []client.Layer
		want   bool
	}{
		{nil, false},
		{[]client.Layer{{Required: true, Holds: true}, {Required: false, Holds: false}}, true},
		{[]client.Layer{{Required: true, Holds: true}, {Required: true, Holds: false}}, false},
	} {
		if got := strict(c.layers); got != c.want {
			t.Errorf("%+v: %t", c.layers, got)
		}
	}
}

func TestGrades(t *testing.T) {
	for want, r := range map[client.Grade]*fakeRunner{
		client.GradeStrict:  {},
		client.GradeRelaxed: {relaxed: true},
		client.GradeRefused: {relaxed: true, refusal: "there is no Python"},
	} {
		h, err := start(t, &fakeEngine{}, r).client.Health(t.Context(), true)
		if err != nil || h.Grade != want || h.Limits == nil || h.Limits.Slots != 2 {
			t.Errorf("%s: %+v, %v", want, h, err)
		}
	}
}

func TestOnlySignedCallsAreServed(t *testing.T) {
	x := start(t, &fakeEngine{}, &fakeRunner{})
	post := func(body string, prepare func(*http.Request)) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, x.url+client.PathRows, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		prepare(req)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.StatusCode
	}
	sign := func(secret, body string) func(*http.Request) {
		return func(r *http.Request) { client.Sign(r, secret, []byte(body)) }
	}
	for name, c := range map[string]struct {
		body    string
		prepare func(*http.Request)
		want    int
	}{
		"signed":         {`{}`, sign(secret, `{}`), 200},
		"unsigned":       {`{}`, func(*http.Request) {}, 401},
		"other secret":   {`{}`, sign("another", `{}`), 401},
		"other body":     {`{"limit":9}`, sign(secret, `{}`), 401},
		"not JSON":       {`{`, sign(secret, `{`), 400},
		"too large":      {strings.Repeat(" ", maxRequest+1), sign(secret, ``), 413},
		"unknown fields": {`{"new":1}`, sign(secret, `{"new":1}`), 200},
	} {
		if got := post(c.body, c.prepare); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func TestCardGetsItsSliceAndFigures(t *testing.T) {
	var seen supervisor.Run
	e := &fakeEngine{slice: &engine.Slice{Rows: 42, Bytes: 0, Columns: []string{"b", "a"}}}
	r := &fakeRunner{render: func(_ context.Context, run supervisor.Run) (*client.CardReply, error) {
		seen = run
		return &client.CardReply{HTML: "<p>札</p>", RunMS: 3}, nil
	}}
	reply, err := start(t, e, r).client.Render(t.Context(), client.CardRequest{
		RunID: "r1", Code: "def render", TimeoutSeconds: 1.5, MemoryMB: 64,
		Source:  client.Source{Columns: []core.Column{{Name: "a", Type: core.TypeInt64}, {Name: "b", Type: core.TypeString}}},
		Filters: []core.FilterValue{{Column: "a", Values: []string{"1"}}},
	})
	if err != nil || reply.HTML != "<p>札</p>" || reply.RowsIn != 42 || reply.RunMS != 3 || reply.ReadMS <= 0 {
		t.Fatalf("%+v, %v", reply, err)
	}
	if seen.Timeout != 1500*time.Millisecond || seen.MemoryMB != 64 || seen.ID != "r1" || seen.Data != nil {
		t.Errorf("run: %+v", seen)
	}
	if len(seen.Columns) != 2 || seen.Columns[1].Name != "b" || seen.Columns[1].Type != core.TypeString {
		t.Errorf("columns: %+v", seen.Columns)
	}
	if !bytes.Contains(seen.Filters, []byte(`"column":"a"`)) {
		t.Errorf("filters: %s", seen.Filters)
	}
}

// A card is given what it names, out of what its page reads; and everything once it
// was seen to want more. No guess reaches beyond what is seen of the source.
func TestCardGetsTheColumnsThatItNeeds(t *testing.T) {
	var given [][]string
	e := &fakeEngine{slice: &engine.Slice{}}
	r := &fakeRunner{render: func(_ context.Context, run supervisor.Run) (*client.CardReply, error) {
		given = append(given, run.Given)
		if run.Given != nil && strings.Contains(run.Code, "describe") {
			return nil, supervisor.ErrAbsent
		}
		return &client.CardReply{}, nil
	}}
	c := start(t, e, r).client
	hidden := &core.Sight{Windows: []core.Window{{Hidden: []string{"pay"}}}}
	source := client.Source{DatasetID: "ds_1", Sight: hidden, Columns: []core.Column{{Name: "a"}, {Name: "b"}, {Name: "pay"}, {Name: "c"}}}
	for _, code := range []string{"dataset.b, dataset.pay", "len(dataset)", "dataset.describe(), a", "dataset.describe(), a", "a, b, c"} {
		if _, err := c.Render(t.Context(), client.CardRequest{Code: code, Source: source, Beside: []string{"c", "pay", "unknown"}, TimeoutSeconds: 1}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Render(t.Context(), client.CardRequest{Code: "len(dataset)", Source: source, TimeoutSeconds: 1}); err != nil {
		t.Fatal(err)
	}
	if want := [][]string{{"b", "c"}, {"c"}, {"a", "c"}, nil, nil, nil, {"a"}}; !reflect.DeepEqual(e.sliced, want) {
		t.Errorf("read %q, want %q", e.sliced, want)
	}
	if want := [][]string{{"b"}, {}, {"a"}, nil, nil, nil, {}}; !reflect.DeepEqual(given, want) {
		t.Errorf("given %q, want %q", given, want)
	}
}

func TestCardFailures(t *testing.T) {
	ok := func(context.Context, supervisor.Run) (*client.CardReply, error) { return &client.CardReply{}, nil }
	fails := func(err error) func(context.Context, supervisor.Run) (*client.CardReply, error) {
		return func(context.Context, supervisor.Run) (*client.CardReply, error) { return nil, err }
	}
	for name, c := range map[string]struct {
		sliceErr error
		runner   *fakeRunner
		code     core.Code // of the error
		reason   string
		problem  core.Code
	}{
		"bad filter":     {sliceErr: core.Invalid("filters", "bad_value"), runner: &fakeRunner{render: ok}, problem: core.CodeValidation},
		"disk":           {sliceErr: errors.New("disk"), runner: &fakeRunner{render: ok}, code: core.CodeInternal},
		"refused":        {runner: &fakeRunner{refusal: "no seccomp", render: ok}, code: core.CodeUnavailable, reason: "python_refused"},
		"queue full":     {runner: &fakeRunner{render: fails(client.Busy(client.Place{Position: 7, WaitSeconds: 3.5}))}, code: core.CodeUnavailable, reason: "busy"},
		"bug":            {runner: &fakeRunner{render: func(context.Context, supervisor.Run) (*client.CardReply, error) { panic("bug") }}, code: core.CodeInternal},
		"nothing is bad": {runner: &fakeRunner{render: ok}},
	} {
		x := start(t, &fakeEngine{slice: &engine.Slice{}, err: c.sliceErr}, c.runner)
		reply, err := x.client.Render(t.Context(), client.CardRequest{})
		if e, ok := errors.AsType[*core.Error](err); core.CodeOf(err) != c.code || ok && e.Reason != c.reason {
			t.Errorf("%s: error %v, want %q.%s", name, err, c.code, c.reason)
			continue
		}
		if c.reason == "busy" {
			e, _ := errors.AsType[*core.Error](err)
			if said := core.Sentence(core.English, e); fmt.Sprint(e.Details) != "map[position:7 waitSeconds:3.5]" || !strings.Contains(said, "4 seconds") {
				t.Errorf("%s: %v, %q", name, e.Details, said)
			}
		}
		if err == nil && (reply.Problem == nil) != (c.problem == "") {
			t.Errorf("%s: problem %+v, want %q", name, reply.Problem, c.problem)
		}
	}
}

// What the caller or the data did wrong reaches who reads, and the executor's
// own failures do not say why.
func TestReadFailures(t *testing.T) {
	for _, c := range []struct {
		err  error
		want core.Code
	}{
		{core.Invalid("where", "bad_value", "column", "売上"), core.CodeValidation},
		{&core.Error{Code: core.CodeSourceNotFound}, core.CodeSourceNotFound},
		{&core.Error{Code: core.CodeMemoryLimit}, core.CodeMemoryLimit},
		{errors.New("broken"), core.CodeInternal},
	} {
		x := start(t, &fakeEngine{err: c.err}, &fakeRunner{})
		_, rows := x.client.Rows(t.Context(), client.RowsRequest{})
		_, values := x.client.Values(t.Context(), client.ValuesRequest{})
		for _, err := range []error{rows, values} {
			e, _ := errors.AsType[*core.Error](err)
			if e == nil || e.Code != c.want || c.want == core.CodeValidation && (e.Reason != "bad_value" || e.Args["column"] != "売上") {
				t.Errorf("%v comes as %v", c.err, err)
			}
		}
	}
}

func TestImportTellsItsProgressAsItHappens(t *testing.T) {
	heard := make(chan float64)
	e := &fakeEngine{importing: func(_ context.Context, progress func(client.ImportEvent)) (*client.ImportDone, *client.Problem, error) {
		progress(client.ImportEvent{Stage: core.StageReading, Progress: 0.25})
		<-heard // the caller must have read the line before the import goes on
		return &client.ImportDone{RowCount: 5}, nil, nil
	}}
	done, problem, err := start(t, e, &fakeRunner{}).client.Import(t.Context(), client.ImportRequest{}, func(ev client.ImportEvent) { heard <- ev.Progress })
	if err != nil || problem != nil || done == nil || done.RowCount != 5 {
		t.Errorf("%+v %+v %v", done, problem, err)
	}
}

func TestImportFailureIsItsLastLine(t *testing.T) {
	e := &fakeEngine{importing: func(_ context.Context, progress func(client.ImportEvent)) (*client.ImportDone, *client.Problem, error) {
		progress(client.ImportEvent{Stage: core.StageReading, Progress: 0.5})
		return nil, nil, errors.New("worker died")
	}}
	done, problem, err := start(t, e, &fakeRunner{}).client.Import(t.Context(), client.ImportRequest{}, func(client.ImportEvent) {})
	if err != nil || done != nil || problem == nil || problem.Code != core.CodeInternal {
		t.Errorf("%+v %+v %v", done, problem, err)
	}
}

func TestACallerWhoLeavesEndsTheWork(t *testing.T) {
	began, ended := make(chan struct{}), make(chan struct{})
	e := &fakeEngine{importing: func(ctx context.Context, _ func(client.ImportEvent)) (*client.ImportDone, *client.Problem, error) {
		close(began)
		<-ctx.Done()
		close(ended)
		return nil, nil, ctx.Err()
	}}
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-began; cancel() }()
	_, _, err := start(t, e, &fakeRunner{}).client.Import(ctx, client.ImportRequest{}, func(client.ImportEvent) {})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	<-ended
}

func TestServeFinishesRunningCallsThenEnds(t *testing.T) {
	began, finish := make(chan struct{}), make(chan struct{})
	r := &fakeRunner{render: func(context.Context, supervisor.Run) (*client.CardReply, error) {
		close(began)
		<-finish
		return &client.CardReply{HTML: "done"}, nil
	}}
	x := start(t, &fakeEngine{slice: &engine.Slice{}}, r)
	type answer struct {
		reply *client.CardReply
		err   error
	}
	answered := make(chan answer, 1)
	go func() {
		reply, err := x.client.Render(context.Background(), client.CardRequest{})
		answered <- answer{reply, err}
	}()
	<-began
	x.stop()
	close(finish)
	if got := <-answered; got.err != nil || got.reply.HTML != "done" {
		t.Errorf("%+v", got)
	}
	if err := <-x.ended; err != nil {
		t.Errorf("Serve: %v", err)
	}
	if _, err := net.Dial("tcp", strings.TrimPrefix(x.url, "http://")); err == nil {
		t.Error("still listening")
	}
}

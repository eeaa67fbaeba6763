package apptest_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/app/apptest"
	"github.com/karuta-bi/karuta/internal/core"
)

// weaver is somebody who turns datasets into datasets on a whole Karuta.
type weaver struct {
	apptest.Client
	k            *apptest.Instance
	id           string
	sales, shops string
}

func weave(t *testing.T, environ ...string) *weaver {
	t.Helper()
	apptest.NeedsPython(t)
	w := &weaver{k: apptest.Start(t, append([]string{"LOG_LEVEL=INFO"}, environ...)...)}
	who, u := w.k.Somebody(t, core.RoleUser)
	w.Client, w.id = who, u.ID
	w.sales = w.ImportCSV(t, "売上", "sales.csv", strings.NewReader("店,金額\nA,1\nB,2\nA,3\n"))
	w.shops = w.ImportCSV(t, "店舗", "shops.csv", strings.NewReader("店,地域\nA,関東\nB,関西\n"))
	return w
}

// joined is a transform over both datasets that tells what it does.
const joined = `import time, karuta
def transform(inputs, params):
    sales, shops = inputs["sales"], inputs["shops"]
    print("joining", len(sales))
    karuta.progress(0.5, "半分")
    time.sleep(params.get("sleep", 0))
    return sales.merge(shops, on="店").groupby("地域", as_index=False)[["金額"]].sum()
`

// make saves a transform over both datasets.
func (w *weaver) make(t *testing.T, code string, datasets ...string) (id, output string) {
	t.Helper()
	inputs := []any{map[string]any{"datasetId": w.sales, "alias": "sales"}, map[string]any{"datasetId": w.shops, "alias": "shops"}}
	if len(datasets) > 0 {
		inputs = nil
		for _, id := range datasets {
			inputs = append(inputs, map[string]any{"datasetId": id})
		}
	}
	a := w.Must(t, `mutation($in: CreateTransformInput!) { createTransform(input: $in) { transform { id outputId } } }`,
		map[string]any{"in": map[string]any{"name": "地域別", "code": code, "inputs": inputs}})
	return a.Str("createTransform.transform.id"), a.Str("createTransform.transform.outputId")
}

// start asks for a run, which is answered before it runs.
func (w *weaver) start(t *testing.T, id string, more ...any) string {
	t.Helper()
	in := map[string]any{"id": id}
	for i := 0; i+1 < len(more); i += 2 {
		in[more[i].(string)] = more[i+1]
	}
	a := w.Must(t, `mutation($in: ExecuteTransformInput!) { executeTransform(input: $in) { execution { id status trigger } } }`, map[string]any{"in": in})
	return a.Str("executeTransform.execution.id")
}

const runState = `query($id: ID!) { execution(id: $id) { status attempt progress outputVersion outputRowCount durationMs cancelledBy { id }
	inputs { version rows } events { kind status progress text } error { code message traceback { message frames { line function text } } } } }`

// follow looks at a run until it is as somebody waits for it.
func (w *weaver) follow(t *testing.T, id string, until func(apptest.Answer) bool) apptest.Answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		a := w.Must(t, runState, map[string]any{"id": id})
		if until(a) {
			return a
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("the run stays %s", a.Raw)
		}
	}
}

func over(a apptest.Answer) bool {
	s := a.Str("execution.status")
	return s != "QUEUED" && s != "RUNNING"
}

func printing(a apptest.Answer) bool {
	return a.Str("execution.status") == "RUNNING" && strings.Contains(a.Raw, "LOG") || over(a)
}

// ran is a run at its end.
func (w *weaver) ran(t *testing.T, id string, more ...any) apptest.Answer {
	t.Helper()
	return w.follow(t, w.start(t, id, more...), over)
}

// Transforms on a whole Karuta with the real Python (TR-1 to TR-12).
func TestTransforms(t *testing.T) {
	w := weave(t, "EXECUTOR_TIMEOUT_TRANSFORM=5")
	t.Run("preview", w.previews)
	t.Run("run", w.runs)
	t.Run("forms of code", w.forms)
	t.Run("failures", w.fails)
	t.Run("the same run", w.again)
	t.Run("cancel", w.cancels)
	t.Run("others", w.others)
	t.Run("file gone", w.fileGone)
	if log := w.k.ExecutorLog(t); !strings.Contains(strings.ToLower(log), "transform") {
		t.Errorf("the executor's log does not speak of transforms: %s", log)
	}
}

func (w *weaver) previews(t *testing.T) {
	a := w.Must(t, `mutation($in: PreviewTransformInput!) { previewTransform(input: $in) { result { columns { name type } rows rowCount log } } }`,
		map[string]any{"in": map[string]any{"code": joined, "limitRows": 2, "inputs": []any{
			map[string]any{"datasetId": w.sales, "alias": "sales"}, map[string]any{"datasetId": w.shops, "alias": "shops"}}}})
	if a.Get("previewTransform.result.rowCount") != 2.0 || a.Str("previewTransform.result.log") != "joining 2\n" || a.Str("previewTransform.result.rows.0.0") != "関東" && a.Str("previewTransform.result.rows.0.0") != "関西" {
		t.Error(a.Raw)
	}
}

// runs: answered at once, told of while it goes on, readable when it has succeeded;
// a card over it follows the next version, and classes go along.
func (w *weaver) runs(t *testing.T) {
	version := w.Must(t, `query($id: ID!) { dataset(id: $id) { version } }`, map[string]any{"id": w.sales}).Get("dataset.version")
	w.Must(t, `mutation($in: UpdateDatasetInput!) { updateDataset(input: $in) { dataset { id } } }`, map[string]any{"in": map[string]any{
		"id": w.sales, "version": version, "columns": []any{map[string]any{"name": "金額", "class": "INDIRECT"}}}})
	id, output := w.make(t, joined)
	a := w.Must(t, `mutation($id: ID!) { executeTransform(input: {id: $id, params: {sleep: 3}}) { execution { id status trigger } } }`, map[string]any{"id": id})
	if a.Str("executeTransform.execution.status") != "QUEUED" || a.Str("executeTransform.execution.trigger") != "MANUAL" {
		t.Error(a.Raw)
	}
	run := a.Str("executeTransform.execution.id")
	if a := w.follow(t, run, printing); over(a) || !strings.Contains(a.Raw, "joining 3") {
		t.Errorf("while it runs it tells %s", a.Raw)
	}
	if a := w.Do(t, `mutation($id: ID!) { executeTransform(input: {id: $id}) { execution { id } } }`, map[string]any{"id": id}); a.Code() != "CONFLICT" || a.Errors[0].Extensions["executionId"] != run {
		t.Errorf("a second run beside it: %s", a.Raw)
	}
	a = w.follow(t, run, over)
	if a.Str("execution.status") != "SUCCEEDED" || a.Get("execution.outputVersion") != 1.0 || a.Get("execution.outputRowCount") != 2.0 || a.Get("execution.progress") != 1.0 ||
		!strings.Contains(a.Raw, "半分") || a.Get("execution.durationMs").(float64) < 3000 {
		t.Fatal(a.Raw)
	}
	card := w.Must(t, `mutation($in: CreateCardInput!) { createCard(input: $in) { card { id } } }`, map[string]any{"in": map[string]any{
		"name": "合計", "datasetId": output, "code": "def render(dataset, filters, params):\n    return f'<p>{len(dataset)} rows, {dataset[\"金額\"].sum()}'"}}).Str("createCard.card.id")
	w.shows(t, card, "<p>2 rows, 6")
	w.reupload(t, "店,金額\nA,10\nB,20\nA,30\n")
	if a := w.ran(t, id); a.Get("execution.outputVersion") != 2.0 || a.Get("execution.inputs.0.version") != 2.0 {
		t.Error(a.Raw)
	}
	w.shows(t, card, "<p>2 rows, 60")
	if a := w.ran(t, id, "sameInputsAs", run); a.Get("execution.outputVersion") != 3.0 || a.Get("execution.inputs.0.version") != 1.0 {
		t.Error(a.Raw)
	}
	w.shows(t, card, "<p>2 rows, 6")
	a = w.Must(t, `query($id: ID!) { dataset(id: $id) { sourceType writtenBy { id } columns { name class } preview { rows } versions { nodes { number } } } }`, map[string]any{"id": output})
	if a.Str("dataset.sourceType") != "transform" || a.Str("dataset.writtenBy.id") != id || a.Str("dataset.columns.1.class") != "INDIRECT" || len(a.Get("dataset.versions.nodes").([]any)) != 3 {
		t.Error(a.Raw)
	}
}

// shows draws a card.
func (w *weaver) shows(t *testing.T, card, want string) {
	t.Helper()
	a := w.Must(t, `mutation($id: ID!) { executeCard(input: {cardId: $id}) { result { html } } }`, map[string]any{"id": card})
	if html := a.Str("executeCard.result.html"); html != want {
		t.Errorf("the card shows %q, want %q", html, want)
	}
}

// reupload gives the sales a new version.
func (w *weaver) reupload(t *testing.T, csv string) {
	t.Helper()
	a := w.Upload(t, `mutation($id: ID!, $file: Upload!) { reuploadDataset(input: {id: $id, file: $file}) { ... on ReimportCompleted { importStatus } } }`,
		map[string]any{"id": w.sales, "file": nil}, "variables.file", "sales.csv", strings.NewReader(csv))
	if a.Str("reuploadDataset.importStatus") != "completed" {
		t.Fatal(a.Raw)
	}
}

// forms: by the dataset's id, and lines without a function.
func (w *weaver) forms(t *testing.T) {
	for name, code := range map[string]string{
		"by id":  "def transform(inputs, params):\n    assert params == {}\n    return inputs['" + w.shops + "']",
		"inline": "result = df_0.merge(df_1, on='店')",
	} {
		id, _ := w.make(t, code, w.sales, w.shops)
		if a := w.ran(t, id); a.Str("execution.status") != "SUCCEEDED" {
			t.Errorf("%s: %s", name, a.Raw)
		}
	}
}

// fails: each failure has its code, its sentence, its row in the history, its line
// in the audit log and, of the code's own, its place (TR-7 to TR-9).
func (w *weaver) fails(t *testing.T) {
	admin, _ := w.k.Somebody(t, core.RoleAdmin)
	function := func(body string) string { return "def transform(inputs, params):\n    " + body }
	for name, c := range map[string]struct{ code, status, want, says string }{
		"no function": {"x = 1", "FAILED", "TRANSFORM_FUNCTION_MISSING", "def transform(inputs, params):"},
		"no frame":    {function("return 3"), "FAILED", "TRANSFORM_RETURN_TYPE", "DataFrame"},
		"raises":      {function("raise ValueError('だめ')"), "FAILED", "EXECUTION_ERROR", "表示された行"},
		"no end":      {function("while True: pass"), "TIMED_OUT", "EXECUTION_TIMEOUT", "変換が5秒以内に"},
		"too large":   {function("return len(bytearray(6 << 30))"), "FAILED", "MEMORY_LIMIT", "変換が使えるメモリ"},
		"network":     {function("import socket; socket.create_connection(('127.0.0.1', 1))"), "FAILED", "EXECUTION_ERROR", "変換からは"},
	} {
		t.Run(name, func(t *testing.T) {
			id, output := w.make(t, c.code)
			a := w.ran(t, id)
			if a.Str("execution.status") != c.status || a.Str("execution.error.code") != c.want || !strings.Contains(a.Str("execution.error.message"), c.says) || strings.Contains(a.Str("execution.error.message"), "カード") {
				t.Error(a.Raw)
			}
			if name == "raises" && (a.Get("execution.error.traceback.frames.0.line") != 2.0 || !strings.Contains(a.Str("execution.error.traceback.message"), "だめ")) || strings.Contains(a.Raw, "/") && name == "raises" {
				t.Errorf("the place is %s", a.Raw)
			}
			w.onRecord(t, admin, id, c.want)
			if a := w.Do(t, `query($id: ID!) { dataset(id: $id) { id } }`, map[string]any{"id": output}); a.Code() != "NOT_FOUND" {
				t.Errorf("it left %s", a.Raw)
			}
		})
	}
	empty := w.ImportCSV(t, "空", "empty.csv", strings.NewReader("a\n"))
	gone := w.ImportCSV(t, "消える", "gone.csv", strings.NewReader("a\n1\n"))
	for dataset, want := range map[string]string{empty: "INPUT_DATASET_EMPTY", gone: "INPUT_DATASET_MISSING"} {
		id, _ := w.make(t, "result = df_0", dataset)
		if dataset == gone {
			w.lose(t, gone)
		}
		if a := w.Do(t, `mutation($id: ID!) { executeTransform(input: {id: $id}) { execution { id } } }`, map[string]any{"id": id}); a.Code() != want || a.Errors[0].Extensions["httpStatus"] != 400.0 {
			t.Errorf("want %s: %s", want, a.Raw)
		}
	}
}

// lose hands a dataset to somebody else: it is no input of its old owner's any more.
func (w *weaver) lose(t *testing.T, dataset string) {
	t.Helper()
	_, heir := w.k.Somebody(t, core.RoleUser)
	version := w.Must(t, `query($id: ID!) { dataset(id: $id) { version } }`, map[string]any{"id": dataset}).Get("dataset.version")
	w.Must(t, `mutation($in: TransferOwnershipInput!) { transferOwnership(input: $in) { transferredId } }`,
		map[string]any{"in": map[string]any{"id": dataset, "toUserId": heir.ID, "version": version}})
}

// onRecord: the newest run of a transform stands in its history and in the audit log.
func (w *weaver) onRecord(t *testing.T, admin apptest.Client, id, code string) {
	t.Helper()
	a := w.Must(t, `query($id: ID!) { transform(id: $id) { executions { nodes { error { code } } } } }`, map[string]any{"id": id})
	if a.Str("transform.executions.nodes.0.error.code") != code {
		t.Errorf("the history has %s", a.Raw)
	}
	const written = `query($id: ID!) { auditLogs(filter: {eventTypes: [TRANSFORM_FAILED], targetId: $id}) { nodes { userId outcome details { name value } } } }`
	a = admin.Must(t, written, map[string]any{"id": id})
	for a.Get("auditLogs.nodes.0") == nil { // it is written once the run has ended
		time.Sleep(20 * time.Millisecond)
		a = admin.Must(t, written, map[string]any{"id": id})
	}
	if a.Str("auditLogs.nodes.0.userId") != w.id || a.Str("auditLogs.nodes.0.outcome") != "FAILURE" || !strings.Contains(a.Raw, code) {
		t.Errorf("the audit log has %s", a.Raw)
	}
}

// again: one key is one run.
func (w *weaver) again(t *testing.T) {
	id, _ := w.make(t, joined)
	first := w.start(t, id, "idempotencyKey", "k")
	if second := w.start(t, id, "idempotencyKey", "k"); second != first {
		t.Errorf("one key started %s and %s", first, second)
	}
	w.follow(t, first, over)
	if a := w.Do(t, `mutation($id: ID!) { executeTransform(input: {id: $id, idempotencyKey: "k", params: {a: 1}}) { execution { id } } }`, map[string]any{"id": id}); a.Code() != "CONFLICT" {
		t.Errorf("another request under the key: %s", a.Raw)
	}
}

// cancels: within two seconds, whatever the code does. The best of some tries counts:
// a busy machine makes any one of them late.
func (w *weaver) cancels(t *testing.T) {
	id, _ := w.make(t, "def transform(inputs, params):\n    print('on')\n    while True: pass")
	best := time.Hour
	for try := 0; try < 10 && best > 2*time.Second; try++ {
		run := w.start(t, id)
		w.follow(t, run, printing)
		asked := time.Now()
		w.Must(t, `mutation($id: ID!) { cancelExecution(input: {id: $id}) { execution { id } } }`, map[string]any{"id": run})
		a := w.follow(t, run, over)
		best = min(best, time.Since(asked))
		if a.Str("execution.status") != "CANCELLED" || a.Str("execution.cancelledBy.id") != w.id {
			t.Fatal(a.Raw)
		}
	}
	if best > 2*time.Second {
		t.Errorf("it was cancelled after %s", best)
	}
}

// others: 403 for who runs it, 404 for who looks at it or what is not there.
func (w *weaver) others(t *testing.T) {
	id, _ := w.make(t, joined)
	other, _ := w.k.Somebody(t, core.RoleUser)
	admin, _ := w.k.Somebody(t, core.RoleAdmin)
	const run, see = `mutation($id: ID!) { executeTransform(input: {id: $id}) { execution { id } } }`, `query($id: ID!) { transform(id: $id) { id } }`
	for _, c := range []struct {
		who            apptest.Client
		document, want string
	}{{other, run, "FORBIDDEN"}, {admin, run, "FORBIDDEN"}, {other, see, "NOT_FOUND"}, {admin, see, ""}} {
		if a := c.who.Do(t, c.document, map[string]any{"id": id}); a.Code() != c.want {
			t.Errorf("want %q: %s", c.want, a.Raw)
		}
	}
	if a := w.Do(t, run, map[string]any{"id": core.NewID(core.NounTransform)}); a.Code() != "NOT_FOUND" {
		t.Error(a.Raw)
	}
}

// fileGone: where the data of an input is lost, the log has the word that the
// runbook looks for.
func (w *weaver) fileGone(t *testing.T) {
	lost := w.ImportCSV(t, "失われる", "lost.csv", strings.NewReader("a\n1\n"))
	id, _ := w.make(t, "result = df_0", lost)
	parts := 0
	err := filepath.WalkDir(w.k.App.Config.DataDir, func(path string, _ os.DirEntry, err error) error {
		if err == nil && strings.Contains(path, lost) && strings.HasSuffix(path, ".parquet") {
			parts++
			err = os.Remove(path)
		}
		return err
	})
	if err != nil || parts == 0 {
		t.Fatalf("%d files, %v", parts, err)
	}
	if a := w.ran(t, id); a.Str("execution.error.code") != "INPUT_DATASET_MISSING" || !strings.Contains(w.k.Log(), "DatasetFileNotFoundError") {
		t.Errorf("%s\n%s", a.Raw, w.k.Log())
	}
}

// A run whose executor dies under it is tried again, and writes one version.
func TestATransformOutlivesItsExecutor(t *testing.T) {
	w := weave(t)
	id, output := w.make(t, joined)
	run := w.start(t, id, "params", map[string]any{"sleep": 3})
	w.follow(t, run, printing)
	if err := syscall.Kill(executorOf(t), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	a := w.follow(t, run, over)
	if a.Str("execution.status") != "SUCCEEDED" || a.Get("execution.attempt") != 2.0 || a.Get("execution.outputVersion") != 1.0 {
		t.Error(a.Raw)
	}
	if a := w.Must(t, `query($id: ID!) { dataset(id: $id) { rowCount versions { nodes { number } } } }`, map[string]any{"id": output}); a.Get("dataset.rowCount") != 2.0 || len(a.Get("dataset.versions.nodes").([]any)) != 1 {
		t.Error(a.Raw)
	}
}

// executorOf is the process of this test's executor.
func executorOf(t *testing.T) int {
	t.Helper()
	children, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", os.Getpid()))
	if err != nil || len(children) == 0 {
		t.Skip("not run here: the kernel does not list children")
	}
	for _, list := range children {
		raw, err := os.ReadFile(list)
		if err != nil {
			continue // a thread that has ended
		}
		for _, field := range strings.Fields(string(raw)) {
			var pid int
			if _, err := fmt.Sscan(field, &pid); err != nil {
				t.Fatal(err)
			}
			if line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); err == nil && strings.Contains(string(line), "\x00executor\x00") {
				return pid
			}
		}
	}
	t.Fatal("no executor runs")
	return 0
}

package main

import (
	"cmp"
	"context"
	"fmt"
	"hash/crc32"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/app/apptest"
)

// Every row tells which file it is from, its place there, how many rows the file
// has, and a sum over the first two: so that a half of a file, or a mix, shows.
const (
	countCard = `def render(dataset, filters, params):
    by = dataset.groupby('batch').agg(rows=('n', 'count'), places=('n', 'nunique'), total=('total', 'max'), mark=('mark', 'sum'))
    return ';'.join(f'{b}:{r.rows}:{r.places}:{r.total}:{r.mark}' for b, r in by.iterrows())
`
	copyCode = `import karuta, time, zlib
import pandas as pd

def transform(inputs, params):
    for name, frame in inputs.items():
        by = frame.groupby('batch').agg(rows=('n', 'count'), total=('total', 'max'))
        if not (by.rows == by.total).all() or name == 'replaced' and len(by) != 1:
            raise ValueError('half an input: ' + name)
    karuta.progress(0.5)
    time.sleep(0.3)
    batch, rows = params['batch'], params['rows']
    mark = [zlib.crc32(f'{batch}/{n}'.encode()) % 9973 for n in range(rows)]
    return pd.DataFrame({'batch': batch, 'n': range(rows), 'total': rows, 'mark': mark})
`
	importInto    = `mutation($input: ImportCsvInput!) { importCsv(input: $input) { job { id } } }`
	reupload      = `mutation($input: ReuploadDatasetInput!) { reuploadDataset(input: $input) { ...on ReimportCompleted { job { id } } ...on ReimportRunning { job { id } } ...on ReimportPendingConfirmation { job { id } planToken } } }`
	confirmPlan   = `mutation($input: ReimportDatasetInput!) { reimportDataset(input: $input) { ...on ReimportCompleted { job { id } } } }`
	jobState      = `query($id: ID!) { importJob(id: $id) { status error { code message } dataset { id } confirmation { planToken } } }`
	makeTransform = `mutation($input: CreateTransformInput!) { createTransform(input: $input) { transform { id outputId } } }`
	runTransform  = `mutation($input: ExecuteTransformInput!) { executeTransform(input: $input) { execution { id } } }`
	runState      = `query($id: ID!) { execution(id: $id) { status error { code message } outputVersion outputRowCount } }`
	firstRows     = `query($id: ID!) { dataset(id: $id) { dataVersion preview(limit: 1000) { rows totalRows } } }`
)

// batch is what one file, or one run, writes.
type batch struct {
	name    string
	rows    int
	dataset string // "" where the import makes a new one
	job     string // the import or the run; "" where no answer came
}

func mark(name string, n int) int {
	return int(crc32.ChecksumIEEE(fmt.Appendf(nil, "%s/%d", name, n)) % 9973)
}

// file is the batch as CSV; a wide one has a column more.
func (b batch) file(wide bool) string {
	var text strings.Builder
	text.WriteString("batch,n,total,mark")
	if wide {
		text.WriteString(",more")
	}
	for n := range b.rows {
		fmt.Fprintf(&text, "\n%s,%d,%d,%d", b.name, n, b.rows, mark(b.name, n))
		if wide {
			text.WriteString(",x")
		}
	}
	return text.String() + "\n"
}

// whole is what the card says of the batch where all of it is there, once.
func (b batch) whole() string {
	sum := 0
	for n := range b.rows {
		sum += mark(b.name, n)
	}
	return fmt.Sprintf("%s:%d:%d:%d:%d", b.name, b.rows, b.rows, b.rows, sum)
}

// workshop is people at work on a Karuta that breaks down under them.
type workshop struct {
	t         *testing.T
	author    *author
	appended  string // a dataset that gets parts
	replaced  string // one whose data is replaced
	copied    string // one that a transform writes
	transform string
	cards     map[string]string // by dataset

	mu    sync.Mutex
	url   string
	sent  []batch
	seen  map[string]batch // by name
	wrong []string

	number, reads, gone atomic.Int64
	stop                chan struct{}
	busy                sync.WaitGroup
}

func newWorkshop(t *testing.T, p *process) *workshop {
	t.Helper()
	w := &workshop{t: t, author: newAuthor(t, p), url: p.url, cards: map[string]string{}, seen: map[string]batch{}, stop: make(chan struct{})}
	for _, dataset := range []*string{&w.appended, &w.replaced} {
		b := w.batch("first", 100)
		*dataset = w.author.ImportCSV(t, b.name, "f.csv", strings.NewReader(b.file(false)))
		b.dataset = *dataset
		w.keep(b)
		w.author.dataset = *dataset
		w.cards[*dataset] = w.author.card(t, countCard)
	}
	made := w.author.Must(t, makeTransform, input("name", "copy", "code", copyCode, "inputs", []any{
		map[string]any{"datasetId": w.appended, "alias": "appended"}, map[string]any{"datasetId": w.replaced, "alias": "replaced"},
	}))
	w.transform, w.copied = made.Str("createTransform.transform.id"), made.Str("createTransform.transform.outputId")
	return w
}

// batch is the next one.
func (w *workshop) batch(kind string, rows int) batch {
	b := batch{name: fmt.Sprintf("%s-%d", kind, w.number.Add(1)), rows: rows}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen[b.name] = b
	return b
}

// keep remembers a batch that was sent.
func (w *workshop) keep(b batch) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent = append(w.sent, b)
}

func (w *workshop) at(url string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.url = url
}

func (w *workshop) client() apptest.Client {
	w.mu.Lock()
	defer w.mu.Unlock()
	return apptest.Client{URL: w.url, Token: w.author.Token}
}

func (w *workshop) fault(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wrong = append(w.wrong, fmt.Sprintf(format, args...))
}

func (w *workshop) figures() string {
	return fmt.Sprintf("%d files and runs, %d reads, %d times nobody answered", len(w.sent), w.reads.Load(), w.gone.Load())
}

// begin lets everybody work until end is called.
func (w *workshop) begin() {
	for _, work := range []func(context.Context){w.importNew, w.appendTo, w.replace, w.run, w.reader(w.appended), w.reader(w.replaced), w.reader("")} {
		w.busy.Go(func() {
			for pause := time.NewTicker(50 * time.Millisecond); ; <-pause.C {
				select {
				case <-w.stop:
					pause.Stop()
					return
				default:
				}
				ctx, cancel := context.WithTimeout(context.Background(), 3*patience) // it may be tried three times
				work(ctx)
				cancel()
			}
		})
	}
}

// end lets everybody finish, and do all once more where nothing is killed.
func (w *workshop) end() {
	close(w.stop)
	w.busy.Wait()
	until(w.t, func() bool {
		status, body := get(w.t, w.client().URL+"/api/ready")
		return status == 200 && !strings.Contains(body, `"DOWN"`)
	})
	ctx, cancel := context.WithTimeout(context.Background(), 3*patience)
	defer cancel()
	for _, work := range []func(context.Context){w.importNew, w.appendTo, w.replace, w.run, w.reader("")} {
		work(ctx)
	}
}

// answered is an answer that has to be one: whatever was killed, what people are
// told is not that something unforeseen happened, or that a file is not there.
func (w *workshop) answered(a apptest.Answer, err error) (apptest.Answer, bool) {
	if err != nil {
		w.gone.Add(1)
		time.Sleep(200 * time.Millisecond) // it is being started again
		return a, false
	}
	if a.Code() == "INTERNAL_ERROR" || a.Code() == "SOURCE_NOT_FOUND" {
		w.fault("answered %s", a.Raw)
	}
	return a, len(a.Errors) == 0
}

func (w *workshop) upload(ctx context.Context, query string, in map[string]any, b batch, wide bool) (apptest.Answer, bool) {
	in["input"].(map[string]any)["file"] = nil
	return w.answered(w.client().TryUpload(ctx, query, in, "variables.input.file", "f.csv", strings.NewReader(b.file(wide))))
}

func (w *workshop) importNew(ctx context.Context) {
	b := w.batch("new", 40_000)
	a, _ := w.upload(ctx, importInto, input("name", b.name), b, false)
	b.job = a.Str("importCsv.job.id")
	w.keep(b)
	w.await(ctx, jobState, "importJob", b.job)
}

func (w *workshop) appendTo(ctx context.Context) {
	b := w.batch("part", 300)
	b.dataset = w.appended
	a, _ := w.upload(ctx, importInto, input("appendTo", w.appended), b, false)
	b.job = a.Str("importCsv.job.id")
	w.keep(b)
	w.await(ctx, jobState, "importJob", b.job)
}

// replace puts another file in the place of what is there; every second one changes
// the columns, which is confirmed.
func (w *workshop) replace(ctx context.Context) {
	b := w.batch("other", 2000)
	b.dataset = w.replaced
	a, _ := w.upload(ctx, reupload, input("id", w.replaced), b, w.number.Load()%2 == 0)
	b.job = a.Str("reuploadDataset.job.id")
	w.keep(b)
	plan := a.Str("reuploadDataset.planToken")
	if b.job != "" && plan == "" {
		plan = w.await(ctx, jobState, "importJob", b.job).Str("importJob.confirmation.planToken")
	}
	if plan != "" {
		w.answered(w.client().Try(ctx, confirmPlan, input("id", w.replaced, "force", true, "planToken", plan)))
	}
}

func (w *workshop) run(ctx context.Context) {
	b := w.batch("run", 700)
	b.dataset = w.copied
	a, _ := w.answered(w.client().Try(ctx, runTransform, input("id", w.transform, "params", map[string]any{"batch": b.name, "rows": b.rows})))
	b.job = a.Str("executeTransform.execution.id")
	w.keep(b)
	w.await(ctx, runState, "execution", b.job)
}

// await follows a job or a run to its end. One that was promised is never unknown.
func (w *workshop) await(ctx context.Context, query, root, id string) apptest.Answer {
	if id == "" {
		return apptest.Answer{}
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		a, ok := w.answered(w.client().Try(ctx, query, map[string]any{"id": id}))
		if s := a.Str(root + ".status"); s != "" && s != "QUEUED" && s != "RUNNING" {
			return a
		}
		if !ok && a.Code() == "NOT_FOUND" {
			w.fault("%s is not known any more: %s", id, a.Raw)
			return a
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			w.fault("%s does not end: %s", id, a.Raw)
			return a
		}
	}
}

// reader looks at a dataset again and again, "" for the one that the transform
// writes: each look shows one version, and never an older one than the last.
func (w *workshop) reader(dataset string) func(context.Context) {
	id, newest, card := cmp.Or(dataset, w.copied), 0.0, w.cards[dataset]
	return func(ctx context.Context) {
		a, _ := w.answered(w.client().Try(ctx, firstRows, map[string]any{"id": id}))
		if version, ok := a.Get("dataset.dataVersion").(float64); ok {
			if version < newest {
				w.fault("%s went from version %v back to %v", id, newest, version)
			}
			newest = version
		}
		if preview, ok := a.Get("dataset.preview").(map[string]any); ok {
			w.reads.Add(1)
			w.checkRows(id, preview)
		}
		if card == "" {
			return
		}
		if a, ok := w.answered(w.client().Try(ctx, executeCard, input("cardId", card))); ok {
			w.reads.Add(1)
			w.checkCount(id, a.Str("executeCard.result.html"))
		}
	}
}

// checkRows looks whether first rows belong to files as they were sent, and in a
// dataset that is only replaced to one of them.
func (w *workshop) checkRows(id string, preview map[string]any) {
	rows, _ := preview["rows"].([]any)
	counts := map[string]int{}
	for _, row := range rows {
		cells, _ := row.([]any)
		if len(cells) < 4 {
			w.fault("%s: a row of %v", id, cells)
			return
		}
		var n, total, sum int
		_, _ = fmt.Sscan(fmt.Sprint(cells[1], " ", cells[2], " ", cells[3]), &n, &total, &sum)
		name := fmt.Sprint(cells[0])
		counts[name]++
		if b := w.known(name); b.rows != total || n >= total || mark(name, n) != sum {
			w.fault("%s: nobody sent the row %v", id, cells)
		}
	}
	all := 0
	for name := range counts {
		all += w.known(name).rows
	}
	total, _ := preview["totalRows"].(float64)
	if id != w.appended && len(counts) > 1 || len(rows) != min(1000, int(total)) || int(total) <= 1000 && all != int(total) || id != w.appended && all != int(total) {
		w.fault("%s: %v rows in all, first %d rows of %v", id, total, len(rows), counts)
	}
}

func (w *workshop) known(name string) batch {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen[name]
}

// checkCount looks whether a card read files whole, each once, and gives their names.
func (w *workshop) checkCount(id, html string) (names []string) {
	for said := range strings.SplitSeq(html, ";") {
		name, _, _ := strings.Cut(said, ":")
		names = append(names, name)
		if want := w.known(name).whole(); said != want {
			w.fault("%s: a card counts %s, not %s", id, said, want)
		}
	}
	if id != w.appended && len(names) != 1 {
		w.fault("%s: a card reads %v", id, names)
	}
	return names
}

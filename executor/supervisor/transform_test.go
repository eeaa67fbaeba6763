//go:build linux

package supervisor

import (
	"bytes"
	"context"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

// transforms is one supervisor for all tests that leave it as they found it.
func transforms(t *testing.T) *Supervisor {
	t.Helper()
	cfg := config(t)
	cfg.Profile, cfg.DiskMB, cfg.DiskFiles = Transforms, 20, 50
	transformsOnce.Do(func() {
		cfg.Log = shared(t).cfg.Log
		transformsSupervisor, transformsError = Start(t.Context(), cfg)
	})
	if transformsError != nil {
		t.Fatal(transformsError)
	}
	if why := transformsSupervisor.Refusal(); why != "" {
		t.Fatal("Python is refused: ", why)
	}
	return transformsSupervisor
}

var (
	transformsOnce       sync.Once
	transformsSupervisor *Supervisor
	transformsError      error
)

// heard is what a run told while it ran.
type heard struct {
	mu       sync.Mutex
	progress []client.TransformProgress
	lines    []string
}

func (h *heard) tell(ev client.TransformEvent) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if ev.Progress != nil {
		h.progress = append(h.progress, *ev.Progress)
	} else {
		h.lines = append(h.lines, ev.Log)
	}
}

// transform runs code over the sales table, as "ds_1" and "sales".
func transform(t *testing.T, s *Supervisor, run TransformRun) (*Table, *heard) {
	t.Helper()
	return transformWithin(t, s, run, 20*time.Second)
}

func transformWithin(t *testing.T, s *Supervisor, run TransformRun, timeout time.Duration) (*Table, *heard) {
	t.Helper()
	data, size, _ := sales(t)
	run.ID = t.Name()
	run.Inputs = []Input{{ID: "ds_1", Alias: "sales", Data: data, Bytes: size}}
	turn, err := s.Turn(t.Context(), Wish{User: "user", Timeout: timeout}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer turn.Leave()
	h := &heard{}
	table, err := turn.Transform(t.Context(), run, h.tell)
	if err != nil {
		t.Fatal(err)
	}
	if table.File != nil {
		t.Cleanup(func() { _ = table.File.Close() })
	}
	return table, h
}

// read gives the batches of a table, joined as text.
func (table *Table) read(t *testing.T) (*arrow.Schema, string) {
	t.Helper()
	if table.Problem != nil {
		t.Fatalf("%+v %+v", *table.Problem, table.Problem.Traceback)
	}
	content := make([]byte, table.Bytes)
	if _, err := io.ReadFull(io.NewSectionReader(table.File, 0, table.Bytes), content); err != nil {
		t.Fatal(err)
	}
	r, err := ipc.NewFileReader(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var text strings.Builder
	for i := range r.NumRecords() {
		batch, err := r.RecordBatch(i)
		if err != nil {
			t.Fatal(err)
		}
		for _, column := range batch.Columns() {
			text.WriteString(column.String())
		}
	}
	return r.Schema(), text.String()
}

// The forms of code, and what becomes of the index.
func TestTransformForms(t *testing.T) {
	s := transforms(t)
	for name, c := range map[string]struct{ code, columns, values string }{
		"function":      {"def transform(inputs, params):\n    return inputs['ds_1'][['count']]", "count", "[1 2 3 4]"},
		"alias":         {"def transform(inputs, params):\n    return inputs['sales'][['count']]", "count", "[1 2 3 4]"},
		"write":         {"def transform(inputs, params):\n    inputs['sales']['count'] += 1\n    return inputs['ds_1'][['count']]", "count", "[2 3 4 5]"},
		"lines":         {"result = df_0[['count']] * params['by']\nassert inputs['sales'] is df_0", "count", "[2 4 6 8]"},
		"group":         {"result = inputs['sales'].groupby('region')[['count']].sum()", "region,count", `["大阪" "東京"][2 4]`},
		"two levels":    {"result = inputs['sales'].groupby(['paid', 'region'])[['count']].sum()", "paid,region,count", `[false true]["大阪" "東京"][2 4]`},
		"rest of index": {"result = df_0[df_0['count'] > 2][['count']]", "count", "[3 4]"},
		"no rows":       {"result = df_0[df_0['count'] > 9]", "region,amount,count,paid,day,at", ""},
		"temp file": {"import tempfile, pandas as pd\nwith tempfile.NamedTemporaryFile(suffix='.csv') as f:\n    df_0.to_csv(f.name)\n    result = pd.read_csv(f.name)[['count']]\n" +
			"df_0.to_parquet('here.parquet')\nassert len(pd.read_parquet('here.parquet')) == 4", "count", "[1 2 3 4]"},
	} {
		t.Run(name, func(t *testing.T) {
			table, _ := transform(t, s, TransformRun{Code: c.code, Params: []byte(`{"by":2}`)})
			schema, values := table.read(t)
			var names []string
			for _, f := range schema.Fields() {
				names = append(names, f.Name)
			}
			if got := strings.Join(names, ","); got != c.columns || values != c.values {
				t.Errorf("%s %s, want %s %s", got, values, c.columns, c.values)
			}
		})
	}
}

// Everything that pandas has comes as one of the six types of a dataset.
func TestTransformTypes(t *testing.T) {
	s := transforms(t)
	const head = "import datetime, decimal, pandas as pd, numpy as np\nresult = pd.DataFrame({'c': "
	for code, want := range map[string]string{
		"[1, 2]": "int64", "np.array([1, 2], 'uint8')": "int64", "pd.array([1, None], 'Int32')": "int64",
		"[1.5, None]": "float64", "np.array([1], 'float16')": "float64", "[decimal.Decimal('1.5')]": "float64", "pd.array([1.5, None], 'Float64')": "float64",
		"[True, False]": "bool", "pd.array([True, None], 'boolean')": "bool", "[True, None]": "bool",
		"['a', None]": "large_utf8", "pd.Categorical(['a', 'b'])": "large_utf8", "pd.Series(['a'], dtype='string')": "large_utf8", "[None, None]": "large_utf8", "[datetime.time(1, 2)]": "large_utf8",
		"pd.Categorical([1, 2])": "int64", "pd.arrays.SparseArray([0, 1])": "int64",
		"[datetime.date(2024, 1, 2)]": "date32", "pd.to_datetime(['2024-01-02'])": "timestamp[us]", "np.array(['2024-01-02'], 'datetime64[ns]')": "timestamp[us]",
		"pd.to_datetime(['2024-01-02']).tz_localize('Asia/Tokyo')": "timestamp[us, tz=UTC]", "[pd.Timestamp('2024-01-02', tz='Asia/Tokyo'), None]": "timestamp[us, tz=UTC]",
	} {
		table, _ := transform(t, s, TransformRun{Code: head + code + "})"})
		if table.Problem != nil {
			t.Errorf("%s: %+v", code, *table.Problem)
		} else if schema, _ := table.read(t); schema.Field(0).Type.String() != want {
			t.Errorf("%s: %s, want %s", code, schema.Field(0).Type, want)
		}
	}
}

// What has no place in a dataset is said with the column, and nothing breaks.
func TestTransformProblems(t *testing.T) {
	s := transforms(t)
	const frame = "import datetime, pandas as pd, numpy as np\nresult = pd.DataFrame("
	for code, want := range map[string]client.Problem{
		"x = 1": {Code: core.CodeFunctionMissing},
		"def transform(inputs, params): return [1]": {Code: core.CodeReturnType, Args: map[string]any{"type": "list"}},
		"result = df_0['count']":                    {Code: core.CodeReturnType, Args: map[string]any{"type": "Series"}},
		"\n1/0":                                     {Code: core.CodeExecution, Reason: "raised", Line: 2},
		"def f(:":                                   {Code: core.CodeExecution, Reason: "syntax", Line: 1},
		"while True: pass":                          {Code: core.CodeExecutionTimeout, Line: 1},
		"x = bytearray(3 << 30)":                    {Code: core.CodeMemoryLimit},
		"import os; os._exit(0)":                    {Code: core.CodeExecution, Reason: "exit"},
		"import os; os.abort()":                     {Code: core.CodeExecution, Reason: "crashed"},
		"import socket; socket.socket()":            {Code: core.CodeExecution, Reason: "not_allowed", Line: 1},
		"open('/etc/x', 'w')":                       {Code: core.CodeExecution, Reason: "raised", Line: 1},
		frame + ")":                                 {Code: core.CodeExecution, Reason: "no_columns"},
		frame + "{2024: [1]})":                      {Code: core.CodeExecution, Reason: "column_name", Args: map[string]any{"column": "2024"}},
		frame + "{' a': [1]})":                      {Code: core.CodeExecution, Reason: "column_name", Args: map[string]any{"column": " a"}},
		frame + "[[1, 2]], columns=['a', 'A'])":     {Code: core.CodeExecution, Reason: "column_twice", Args: map[string]any{"column": "A"}},
		frame + "[[1]], columns=['a'], index=pd.Index([1], name='a'))":         {Code: core.CodeExecution, Reason: "column_twice", Args: map[string]any{"column": "a"}},
		frame + "[[1]], columns=pd.MultiIndex.from_tuples([('a', 'b')]))":      {Code: core.CodeExecution, Reason: "column_name"},
		frame + "np.zeros((1, 1001)), columns=[f'c{n}' for n in range(1001)])": {Code: core.CodeExecution, Reason: "too_many_columns"},
		frame + "{'a': [[1]]})":                                                {Code: core.CodeExecution, Reason: "column_type", Args: map[string]any{"column": "a"}},
		frame + "{'a': [{'b': 1}]})":                                           {Code: core.CodeExecution, Reason: "column_type"},
		frame + "{'a': [b'x']})":                                               {Code: core.CodeExecution, Reason: "column_type"},
		frame + "{'a': [datetime.timedelta(1)]})":                              {Code: core.CodeExecution, Reason: "column_type"},
		frame + "{'a': [1, 'x']})":                                             {Code: core.CodeExecution, Reason: "column_values", Args: map[string]any{"column": "a"}},
		frame + "{'a': [object()]})":                                           {Code: core.CodeExecution, Reason: "column_values"},
		frame + "{'a': [1 + 2j]})":                                             {Code: core.CodeExecution, Reason: "column_values"},
		frame + "{'a': [2**63]})":                                              {Code: core.CodeExecution, Reason: "column_values"},
		frame + "{'a': np.array(['20000-01-01'], 'datetime64[s]')})":           {Code: core.CodeExecution, Reason: "column_values"},
		"open('big', 'wb').write(bytes(30 << 20)); import time; time.sleep(9)": {Code: core.CodeExecution, Reason: "disk_full"},
		"f = open('big', 'wb')\nimport os, time\nos.unlink('big')\nf.write(bytes(30 << 20))\nf.flush()\ntime.sleep(9)":     {Code: core.CodeExecution, Reason: "disk_full"},
		"for n in range(99): open(f'{n}', 'w')\nimport time; time.sleep(9)":                                                {Code: core.CodeExecution, Reason: "disk_full"},
		"import os\nos.write(3, b'\\xff' * 100)\nos._exit(0)":                                                              {Code: core.CodeExecution, Reason: "bad_answer"},
		"import os\nos.write(4, b'ARROW1')\nos.write(3, b'\\x1c\\0\\0\\0{\"kind\":\"ok\",\"size\":0}      ')\nos._exit(0)": {Code: core.CodeExecution, Reason: "bad_answer"},
		"import os\nwhile True: os.write(3, b'\\x1c\\0\\0\\0{\"kind\":\"progress\"}         ')":                            {Code: core.CodeExecution, Reason: "bad_answer"},
	} {
		if strings.Contains(code, "unlink") && s.layers&layerOwnUser == 0 {
			t.Log("not run here: a plain user may not look at what another process has open; the bounds of each file and of the disk hold")
			continue
		}
		if strings.Contains(code, "/etc/x") && s.layers&layerChroot == 0 { // the folder is there, and not to be written to
			want.Reason = "not_allowed"
		}
		timeout := 20 * time.Second
		if want.Code == core.CodeExecutionTimeout {
			timeout = 500 * time.Millisecond
		}
		table, _ := transformWithin(t, s, TransformRun{Code: code}, timeout)
		got := table.Problem
		if got == nil || got.Code != want.Code || got.Reason != want.Reason || got.Line != want.Line || want.Args != nil && got.Args["column"] != want.Args["column"] {
			t.Errorf("%s: %+v, want %+v", code, got, want)
		}
	}
	table, _ := transform(t, s, TransformRun{Code: "import os\nassert os.listdir() == []\nresult = df_0"})
	if table.Problem != nil {
		t.Errorf("a good transform afterwards: %+v", *table.Problem)
	}
}

// Progress and lines come while the run goes on, and a flood of them harms nobody.
func TestTransformTellsAsItGoes(t *testing.T) {
	s := transforms(t)
	_, h := transform(t, s, TransformRun{Code: "import karuta\nkaruta.progress(0.5, '半分')\nkaruta.progress(float('nan'))\nprint('行 1')\nresult = df_0"})
	if len(h.progress) != 2 || h.progress[0] != (client.TransformProgress{Fraction: 0.5, Text: "半分"}) || h.progress[1].Fraction != 0 {
		t.Errorf("%+v", h.progress)
	}
	if len(h.lines) != 1 || h.lines[0] != "行 1" {
		t.Errorf("%q", h.lines)
	}
	table, h := transform(t, s, TransformRun{Code: "import karuta\nfor n in range(20000):\n    karuta.progress(n / 20000, 'x' * 9999)\n    print('y' * 99)\nresult = df_0"})
	if table.Problem != nil || len(h.progress) != maxSteps || len(h.lines) > maxLines+1 || h.lines[len(h.lines)-1] != "…" {
		t.Errorf("%+v: %d steps, %d lines", table.Problem, len(h.progress), len(h.lines))
	}
}

// A transform that is heard of while it runs is ended at once when its caller leaves.
func TestTransformEndsWithItsCaller(t *testing.T) {
	s := transforms(t)
	turn, err := s.Turn(t.Context(), Wish{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer turn.Leave()
	ctx, cancel := context.WithCancel(t.Context())
	_, err = turn.Transform(ctx, TransformRun{Code: "import karuta, time\nkaruta.progress(0.1)\ntime.sleep(60)"}, func(client.TransformEvent) { cancel() })
	if err == nil || ctx.Err() == nil {
		t.Error("it went on")
	}
}

// At rest there is no second interpreter, and it comes back with the next run.
func TestOnDemand(t *testing.T) {
	cfg := config(t)
	cfg.Profile = Transforms
	o := NewOnDemand(cfg, time.Millisecond)
	before := len(childrenOf(t, os.Getpid()))
	for range 2 {
		turn, err := o.Turn(t.Context(), Wish{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(childrenOf(t, os.Getpid())); got != before+1 || len(o.Isolation()) == 0 {
			t.Errorf("%d children, %d before", got, before)
		}
		turn.Leave()
		eventually(t, "it rests", func() bool { return len(childrenOf(t, os.Getpid())) == before })
	}
	if err := o.Close(); err != nil {
		t.Error(err)
	}
	if _, err := o.Turn(t.Context(), Wish{}, nil); core.CodeOf(err) != core.CodeUnavailable {
		t.Errorf("closed: %v", err)
	}
}

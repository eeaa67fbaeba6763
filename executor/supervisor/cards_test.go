//go:build linux

package supervisor

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// goodCards are what people write; each must give HTML that contains the text (CD-2, EXE-4).
var goodCards = []struct{ name, want, code string }{
	{"table", "<table", "def render(dataset, filters, params):\n    return dataset.groupby('region', dropna=False).agg(n=('count', 'sum')).to_html()"},
	{"merge", "<td>30.5</td>", `
def render(dataset, filters, params):
    sums = dataset.groupby('region', as_index=False)['amount'].sum()
    return dataset[['region']].drop_duplicates().merge(sums, on='region').to_html(index=False)`},
	{"pivot and resample", "<table", `
def render(dataset, filters, params):
    by_month = dataset.set_index('day').resample('MS')['amount'].sum()
    return dataset.pivot_table(index='region', columns='paid', values='amount').to_html() + by_month.to_frame().to_html()`},
	{"helper and top-level import", "2.0", `
import math
import numpy as np
FACTOR = 2
def helper(x):
    return math.sqrt(x) * FACTOR
class Shown:
    def __init__(self): self.value = helper(np.float64(1))
def render(dataset, filters, params):
    return str(Shown().value)`},
	{"dataclass", "Point(x=1)", `
from dataclasses import dataclass
@dataclass
class Point:
    x: int
def render(dataset, filters, params):
    return repr(Point(1))`},
	{"write in place", "99.0", `
def render(dataset, filters, params):
    dataset['amount'] *= 2
    dataset.loc[dataset['count'] == 4, 'amount'] = 99
    dataset.loc[0, 'region'] = 'x'
    dataset['count'].to_numpy(copy=True)[0] = 7
    dataset.sort_values('amount', inplace=True)
    return dataset.to_html()`},
	{"plotly bar", "Plotly.newPlot", `
import plotly.graph_objects as go
def render(dataset, filters, params):
    return go.Figure(go.Bar(x=dataset['region'], y=dataset['amount'])).to_html(include_plotlyjs=False, full_html=False)`},
	{"plotly express", "Plotly.newPlot", `
import plotly.express as px
def render(dataset, filters, params):
    return px.bar(dataset, x='region', y='amount', color='paid').to_html(include_plotlyjs=False, full_html=False)`},
	{"matplotlib png", "data:image/png;base64,iVBOR", `
import base64, io
import matplotlib.pyplot as plt
def render(dataset, filters, params):
    fig, ax = plt.subplots()
    ax.bar(dataset['region'].fillna('なし'), dataset['amount'])
    ax.set_title('地域別の売上')
    out = io.BytesIO()
    fig.savefig(out, format='png')
    return '<img src="data:image/png;base64,' + base64.b64encode(out.getvalue()).decode() + '">'`},
	{"seaborn svg", "<svg", `
import io
import seaborn as sns
import matplotlib.pyplot as plt
def render(dataset, filters, params):
    sns.set_theme()
    sns.barplot(dataset, x='region', y='amount')
    plt.title('売上')
    out = io.StringIO()
    plt.savefig(out, format='svg')
    return out.getvalue()`},
	{"style", "東京", "def render(dataset, filters, params):\n    return dataset.style.background_gradient(subset=['amount']).format({'amount': '{:.1f}'}).to_html()"},
	{"time zones", "+09:00", `
from zoneinfo import ZoneInfo
def render(dataset, filters, params):
    local = dataset['at'].dt.tz_localize('UTC').dt.tz_convert('Asia/Tokyo')
    other = dataset['at'].dt.tz_localize('UTC').dt.tz_convert(ZoneInfo('Europe/Paris'))
    return local.iloc[0].isoformat() + str(other.iloc[0])`},
	{"thread pool", "[1, 4, 9]", `
from concurrent.futures import ThreadPoolExecutor
def render(dataset, filters, params):
    with ThreadPoolExecutor(4) as pool:
        return str(list(pool.map(lambda x: x * x, [1, 2, 3])))`},
	{"arrow", "30.5", `
import pyarrow as pa, pyarrow.compute as pc
def render(dataset, filters, params):
    table = pa.Table.from_pandas(dataset).group_by('region').aggregate([('amount', 'sum')])
    zoned = pc.assume_timezone(pa.array(dataset['at']), 'Asia/Tokyo')
    return str(table.to_pydict()) + str(zoned.type)`},
	{"csv and json in memory", "region", `
import io, json
import pandas as pd
def render(dataset, filters, params):
    back = pd.read_csv(io.StringIO(dataset.to_csv()), engine='pyarrow')
    return json.dumps(list(back.columns))`},
	{"linear algebra", "2.0", `
import numpy as np
def render(dataset, filters, params):
    np.fft.fft(np.arange(8)), np.linalg.svd(np.random.default_rng().normal(size=(200, 200)))
    return str(np.linalg.det(np.eye(2) * 2 ** 0.5).round(6))`},
	{"plotly without options", "Plotly.newPlot", `
import plotly.express as px
def render(dataset, filters, params):
    html = px.pie(dataset, names='region', values='amount').to_html(include_plotlyjs='cdn')
    assert len(html) < 50_000 and 'cdn' not in html, len(html)
    return html`},
	{"temporary file", "kept", `
import tempfile
def render(dataset, filters, params):
    with tempfile.TemporaryFile() as file:
        file.write(b'kept')
        file.seek(0)
        return file.read().decode()`},
	{"unicode", "絵文字🎴", "def render(dataset, filters, params):\n    return '絵文字🎴'"},
}

func TestGoodCards(t *testing.T) {
	s := shared(t)
	for _, card := range goodCards {
		t.Run(card.name, func(t *testing.T) {
			reply := render(t, s, card.code)
			if reply.Problem != nil {
				t.Fatalf("%+v %+v\n%s", reply.Problem, reply.Problem.Traceback, reply.Log)
			}
			if !strings.Contains(reply.HTML, card.want) {
				t.Errorf("no %q in %.500s", card.want, reply.HTML)
			}
			if reply.RowsIn != 4 {
				t.Errorf("%d rows", reply.RowsIn)
			}
		})
	}
}

// Nothing is missing a glyph: the Japanese font is used, with seaborn's styles too.
func TestJapaneseFont(t *testing.T) {
	s := shared(t)
	for _, name := range []string{"matplotlib png", "seaborn svg"} {
		for _, card := range goodCards {
			if card.name == name {
				if reply := render(t, s, card.code); strings.Contains(reply.Log, "missing") {
					t.Errorf("%s: %s", name, reply.Log)
				}
			}
		}
	}
}

// CD-2: what a card is given, and what it may say about its answer.
func TestContract(t *testing.T) {
	s := shared(t)
	data, size, columns := sales(t)
	reply := renderRun(t, s, Run{
		Data: data, DataBytes: size, Columns: columns,
		Filters: json.RawMessage(`[{"column":"region","values":["東京"]}]`), Params: json.RawMessage(`{"top":3}`),
		Code: `
from karuta import HTMLResult as Imported
def render(dataset, filters, params):
    print('見えます')
    assert Imported is HTMLResult
    kinds = [str(kind) for kind in dataset.dtypes]
    return HTMLResult(html=f"{filters[0]['values'][0]} {params['top']} {kinds}", used_columns=['amount', 'nothing', 'region'], filter_applicable=False)`,
	})
	if reply.Problem != nil {
		t.Fatalf("%+v", reply.Problem)
	}
	if want := "東京 3 ['str', 'float64', 'int64', 'bool', 'datetime64[ms]', 'datetime64[us]']"; reply.HTML != want {
		t.Errorf("HTML %q, want %q", reply.HTML, want)
	}
	if !slices.Equal(reply.UsedColumns, []string{"region", "amount"}) || reply.FilterApplicable {
		t.Errorf("used %v, applicable %v", reply.UsedColumns, reply.FilterApplicable)
	}
	if reply.Log != "見えます\n" {
		t.Errorf("log %q", reply.Log)
	}
}

func TestDefaults(t *testing.T) {
	reply, err := shared(t).Render(t.Context(), Run{Code: "def render(dataset, filters, params):\n    return f'{dataset.shape} {filters} {params}'"})
	if err != nil || reply.Problem != nil {
		t.Fatal(err, reply)
	}
	if reply.HTML != "(0, 0) [] {}" || !reply.FilterApplicable {
		t.Errorf("%+v", reply)
	}
}

// Runs differ where they must: a shared seed would make "random" the same for everybody.
func TestRunsHaveTheirOwnRandomness(t *testing.T) {
	s := shared(t)
	code := "import random, uuid, numpy as np\ndef render(dataset, filters, params):\n    return f'{random.random()} {uuid.uuid4()} {np.random.rand()} {dataset.sample(2).index}'"
	first, second := render(t, s, code), render(t, s, code)
	for i, a := range strings.Fields(first.HTML)[:3] {
		if a == strings.Fields(second.HTML)[i] {
			t.Errorf("twice %s", a)
		}
	}
}

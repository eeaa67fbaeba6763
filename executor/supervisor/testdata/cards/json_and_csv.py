# want: "東京"
import csv
import io
import json


def render(dataset, filters, params):
    out = io.StringIO()
    csv.writer(out).writerows(dataset.astype(object).values.tolist())
    rows = list(csv.reader(io.StringIO(out.getvalue())))
    assert len(rows) == 4
    assert json.loads('{"a": [1, 2.5, null, true]}')["a"][2] is None
    return json.dumps([row[0] for row in rows], ensure_ascii=False)

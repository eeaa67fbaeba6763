# want: &quot;index&quot;
import html
import io

import pandas as pd


def render(dataset, filters, params):
    text = dataset.to_json(orient="table", force_ascii=False)
    back = pd.read_json(io.StringIO(dataset.to_json(orient="records")))
    assert back.shape == dataset.shape
    flat = pd.json_normalize([{"a": {"b": 1}}])
    assert list(flat.columns) == ["a.b"]
    return html.escape(text)

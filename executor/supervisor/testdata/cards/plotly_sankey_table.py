# want: sankey
import plotly.graph_objects as go


def render(dataset, filters, params):
    flow = go.Figure(go.Sankey(node={"label": ["a", "b", "c"]}, link={"source": [0, 1], "target": [1, 2], "value": [3, 2]}))
    table = go.Figure(go.Table(header={"values": list(dataset.columns)}, cells={"values": [dataset[c].astype(str) for c in dataset]}))
    assert "東京" in table.to_json() or "\\u6771" in table.to_json()
    return flow.to_html() + table.to_html()

# want: scattergl
import numpy as np
import plotly.graph_objects as go


def render(dataset, filters, params):
    x = np.linspace(0, 10, 2000)
    figure = go.Figure([go.Scattergl(x=x, y=np.sin(x), mode="markers"), go.Scattergl(x=x, y=np.cos(x))])
    many = go.Figure(go.Parcoords(dimensions=[{"label": "a", "values": [1, 2]}, {"label": "b", "values": [2, 1]}]))
    pairs = go.Figure(go.Splom(dimensions=[{"label": "a", "values": [1, 2]}, {"label": "b", "values": [2, 1]}]))
    return "".join(f.to_html(include_plotlyjs=False, full_html=False) for f in (figure, many, pairs))

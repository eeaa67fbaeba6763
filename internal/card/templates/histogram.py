import numpy as np
import plotly.graph_objects as go

VALUE = "@value@"


def render(dataset, filters, params):
    counts, edges = np.histogram(dataset[VALUE].dropna(), bins=30)
    figure = go.Figure(go.Bar(x=(edges[:-1] + edges[1:]) / 2, y=counts, width=np.diff(edges)))
    figure.update_layout(xaxis_title=VALUE, bargap=0, margin_t=24)
    return figure.to_html()

# want: surface
import numpy as np
import plotly.graph_objects as go


def render(dataset, filters, params):
    grid = np.outer(np.arange(10), np.arange(10))
    figure = go.Figure([go.Surface(z=grid), go.Scatter3d(x=[1, 2], y=[1, 2], z=[1, 2]), go.Mesh3d(x=[0, 1, 0, 0], y=[0, 0, 1, 0], z=[0, 0, 0, 1])])
    figure.update_layout(scene={"xaxis_title": "x"})
    return figure.to_html()

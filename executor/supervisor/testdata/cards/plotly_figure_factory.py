# want: Plotly.newPlot
import numpy as np
import plotly.figure_factory as ff


def render(dataset, filters, params):
    x, y = np.meshgrid(np.arange(3), np.arange(3))
    arrows = ff.create_quiver(x, y, np.cos(x), np.sin(y))
    table = ff.create_table([["x", "y"], [1, 2]])
    return arrows.to_html() + table.to_html()

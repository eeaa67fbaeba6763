# want: png
import io

import matplotlib.pyplot as plt
import numpy as np


def render(dataset, filters, params):
    figure = plt.figure()
    axes = figure.add_subplot(projection="3d")
    x, y = np.meshgrid(np.arange(10), np.arange(10))
    axes.plot_surface(x, y, np.sin(x / 3) + y, cmap="magma")
    axes.set_title("立体")
    figure.add_axes([0, 0, 0.3, 0.3], projection="polar").plot([0, 1, 2], [1, 2, 3])
    out = io.BytesIO()
    figure.savefig(out, format="png")
    assert len(out.getvalue()) > 5000
    return "png"

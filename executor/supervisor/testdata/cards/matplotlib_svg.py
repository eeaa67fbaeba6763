# want: <svg
import io

import matplotlib.pyplot as plt


def render(dataset, filters, params):
    figure, axes = plt.subplots()
    axes.scatter(dataset["count"], dataset["amount"], c=dataset["amount"], cmap="viridis")
    axes.annotate("最大", (3, 20), xytext=(1, 15), arrowprops={"arrowstyle": "->"})
    axes.set_xlabel(r"$\alpha^2 + \frac{1}{2}$")
    figure.colorbar(axes.collections[0])
    out = io.StringIO()
    figure.savefig(out, format="svg")
    return out.getvalue()

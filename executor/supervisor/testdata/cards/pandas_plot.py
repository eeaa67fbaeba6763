# want: png
import io

import matplotlib.pyplot as plt


def render(dataset, filters, params):
    axes = dataset.set_index("day")[["amount", "count"]].plot(kind="line", subplots=True, title="推移")
    dataset.plot.scatter(x="count", y="amount")
    dataset["amount"].plot.hist()
    out = io.BytesIO()
    axes[0].figure.savefig(out)
    plt.close("all")
    return out.getvalue()[1:4].decode().lower()

# want: %PDF
import io

import matplotlib.pyplot as plt


def render(dataset, filters, params):
    with plt.style.context("ggplot"):
        figure, axes = plt.subplots()
        axes.barh(["東京", "大阪"], [2, 1], log=False)
        axes.set_yscale("symlog")
        out = io.BytesIO()
        figure.savefig(out, format="pdf")
    return out.getvalue()[:8].decode()

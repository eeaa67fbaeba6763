# want: data:image/png;base64,iVBOR
import base64
import io

import matplotlib.pyplot as plt


def render(dataset, filters, params):
    figure, axes = plt.subplots(1, 2, figsize=(8, 3))
    axes[0].bar(dataset["region"].fillna("なし"), dataset["amount"])
    axes[0].set_title("地域別の売上 ①㍿")
    axes[1].plot(dataset["day"], dataset["amount"], marker="o", label="円")
    axes[1].legend()
    figure.autofmt_xdate()
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=80, bbox_inches="tight")
    return '<img src="data:image/png;base64,' + base64.b64encode(out.getvalue()).decode() + '">'

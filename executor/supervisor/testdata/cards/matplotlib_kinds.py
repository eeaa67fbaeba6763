# want: png
import io

import matplotlib.pyplot as plt
import numpy as np


def render(dataset, filters, params):
    rng = np.random.default_rng(1)
    figure, axes = plt.subplots(3, 3, figsize=(9, 9), layout="constrained")
    axes[0, 0].hist(rng.normal(size=200), bins=20)
    axes[0, 1].pie([1, 2, 3], labels=["東", "西", "南"], autopct="%.0f%%")
    axes[0, 2].boxplot([rng.normal(size=30) for _ in range(3)])
    axes[1, 0].violinplot([rng.normal(size=30)])
    axes[1, 1].imshow(rng.random((5, 5)))
    axes[1, 2].contourf(rng.random((5, 5)))
    axes[2, 0].stackplot([1, 2, 3], [[1, 2, 3], [3, 2, 1]])
    axes[2, 1].step([1, 2, 3], [1, 3, 2])
    axes[2, 2].fill_between([1, 2, 3], [1, 2, 1], alpha=0.3)
    out = io.BytesIO()
    figure.savefig(out)
    plt.close("all")
    assert out.getvalue()[1:4] == b"PNG"
    return "png"

# want: png
import io

import numpy as np
import pandas as pd
import seaborn as sns


def render(dataset, filters, params):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"x": rng.normal(size=60), "y": rng.normal(size=60), "kind": ["甲", "乙"] * 30})
    grid = sns.relplot(frame, x="x", y="y", col="kind")
    joint = sns.jointplot(frame, x="x", y="y")
    for chart in (grid, joint):
        out = io.BytesIO()
        chart.savefig(out)
        assert len(out.getvalue()) > 3000
    return "png"

# want: 99999
import numpy as np
import pandas as pd


def render(dataset, filters, params):
    frame = pd.DataFrame({"k": np.arange(100_000) % 100, "v": np.arange(100_000)})
    top = frame.groupby("k")["v"].agg(["sum", "max"]).sort_values("max")
    assert frame.sort_values("v", ascending=False)["v"].iloc[0] == 99_999 and frame["k"].nunique() == 100
    return top.tail(3).to_html()

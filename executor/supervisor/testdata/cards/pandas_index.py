# want: 合計
import pandas as pd


def render(dataset, filters, params):
    frame = dataset.set_index(["region", "day"]).sort_index()
    assert frame.index.nlevels == 2
    total = pd.concat({"合計": dataset[["amount", "count"]].sum().to_frame().T})
    assert dataset.reindex(range(6)).isna().any(axis=None)
    return total.to_html()

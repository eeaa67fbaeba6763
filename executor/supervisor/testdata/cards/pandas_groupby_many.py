# want: 東京
import pandas as pd


def render(dataset, filters, params):
    by = dataset.assign(month=dataset["day"].dt.month).groupby(["region", "month"])["amount"]
    table = by.agg(["sum", "mean", "median", "std", "count", lambda x: x.max() - x.min()])
    share = by.transform("sum") / dataset["amount"].sum()
    assert share.dropna().between(0, 1).all()
    assert len(pd.concat([table, table])) == 2 * len(table)
    return table.to_html()

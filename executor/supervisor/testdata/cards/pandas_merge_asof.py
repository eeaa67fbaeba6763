# want: 102
import pandas as pd


def render(dataset, filters, params):
    trades = pd.DataFrame({"at": pd.to_datetime(["2024-01-01 09:00:03", "2024-01-01 09:00:09"]), "n": [1, 2]})
    prices = pd.DataFrame({"at": pd.to_datetime(["2024-01-01 09:00:00", "2024-01-01 09:00:08"]), "price": [101, 102]})
    return pd.merge_asof(trades, prices, on="at").to_html()

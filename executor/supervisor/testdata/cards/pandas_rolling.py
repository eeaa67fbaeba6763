# want: mean
import pandas as pd


def render(dataset, filters, params):
    series = pd.Series(range(100), index=pd.date_range("2024-01-01", periods=100))
    assert series.rolling(7).mean().iloc[-1] == 96
    assert series.rolling("30D").sum().iloc[-1] == sum(range(70, 100))
    assert series.expanding().max().iloc[-1] == 99
    assert series.ewm(span=3).mean().iloc[-1] > 97
    return series.rolling(7).agg(["mean", "std"]).tail().to_html()

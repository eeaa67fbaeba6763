# want: 令和6年
import pandas as pd


def render(dataset, filters, params):
    days = pd.date_range("2024-04-01", periods=12, freq="MS")
    assert list(days.quarter[:4]) == [2, 2, 2, 3] and days[0].day_name() == "Monday"
    assert pd.bdate_range("2024-01-01", "2024-01-31").size == 23
    assert pd.Period("2024-02", freq="M").days_in_month == 29
    assert (pd.to_datetime("2024/05/06", format="%Y/%m/%d") - days[0]).days == 35
    return " ".join(f"令和{day.year - 2018}年{day.month}月" for day in days)

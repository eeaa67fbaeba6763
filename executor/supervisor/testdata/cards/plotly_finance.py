# want: candlestick
import pandas as pd
import plotly.graph_objects as go


def render(dataset, filters, params):
    days = pd.date_range("2024-01-01", periods=3)
    chart = go.Figure(go.Candlestick(x=days, open=[1, 2, 3], high=[3, 4, 5], low=[0, 1, 2], close=[2, 3, 4]))
    chart.update_layout(xaxis_rangeslider_visible=False)
    chart.add_trace(go.Ohlc(x=days, open=[1, 2, 3], high=[3, 4, 5], low=[0, 1, 2], close=[2, 3, 4]))
    steps = go.Figure(go.Waterfall(x=["a", "b", "計"], y=[3, -1, 0], measure=["relative", "relative", "total"]))
    number = go.Figure(go.Indicator(mode="number+delta+gauge", value=450, delta={"reference": 400}))
    return chart.to_html() + steps.to_html() + number.to_html()

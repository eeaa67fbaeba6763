# want: xaxis4
from plotly.subplots import make_subplots
import plotly.graph_objects as go


def render(dataset, filters, params):
    figure = make_subplots(rows=2, cols=2, subplot_titles=["一", "二", "三", "四"], shared_xaxes=True, specs=[[{}, {"secondary_y": True}], [{}, {}]])
    for number in range(4):
        figure.add_trace(go.Scatter(x=[1, 2], y=[number, 2], name=str(number)), row=number // 2 + 1, col=number % 2 + 1)
    figure.add_trace(go.Bar(x=[1, 2], y=[9, 8]), row=1, col=2, secondary_y=True)
    figure.add_hline(y=1).add_vrect(x0=1, x1=2, fillcolor="red", opacity=0.1).add_annotation(x=1, y=1, text="注")
    return figure.to_html(include_plotlyjs=False, full_html=False)

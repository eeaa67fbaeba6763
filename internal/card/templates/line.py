import plotly.graph_objects as go

DATE, VALUE = "@date@", "@value@"


def render(dataset, filters, params):
    totals = dataset.groupby(DATE)[VALUE].sum().sort_index()
    figure = go.Figure(go.Scatter(x=totals.index, y=totals, mode="lines"))
    figure.update_layout(xaxis_title=DATE, yaxis_title=VALUE, margin_t=24)
    return figure.to_html()

import plotly.graph_objects as go

CATEGORY, VALUE = "@category@", "@value@"


def render(dataset, filters, params):
    totals = dataset.groupby(CATEGORY)[VALUE].sum().sort_values(ascending=False).head(20)
    figure = go.Figure(go.Bar(x=totals.index.astype(str), y=totals))
    figure.update_layout(xaxis_title=CATEGORY, yaxis_title=VALUE, margin_t=24)
    return figure.to_html()

import plotly.graph_objects as go

CATEGORY, VALUE = "@category@", "@value@"


def render(dataset, filters, params):
    totals = dataset.groupby(CATEGORY)[VALUE].sum().nlargest(10)
    figure = go.Figure(go.Pie(labels=totals.index.astype(str), values=totals, hole=0.4))
    figure.update_layout(margin_t=24)
    return figure.to_html()

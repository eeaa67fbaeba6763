import plotly.graph_objects as go

CATEGORY, SERIES, VALUE = "@category@", "@series@", "@value@"


def render(dataset, filters, params):
    totals = dataset.pivot_table(index=CATEGORY, columns=SERIES, values=VALUE, aggfunc="sum", fill_value=0)
    totals = totals[totals.sum().nlargest(10).index]
    figure = go.Figure([go.Bar(name=str(name), x=totals.index.astype(str), y=totals[name]) for name in totals])
    figure.update_layout(barmode="stack", xaxis_title=CATEGORY, yaxis_title=VALUE, margin_t=24)
    return figure.to_html()

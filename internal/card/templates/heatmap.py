import plotly.graph_objects as go

ROWS, COLUMNS, VALUE = "@category@", "@series@", "@value@"


def render(dataset, filters, params):
    totals = dataset.pivot_table(index=ROWS, columns=COLUMNS, values=VALUE, aggfunc="sum").iloc[:50, :50]
    figure = go.Figure(go.Heatmap(x=totals.columns.astype(str), y=totals.index.astype(str), z=totals))
    figure.update_layout(xaxis_title=COLUMNS, yaxis_title=ROWS, margin_t=24)
    return figure.to_html()

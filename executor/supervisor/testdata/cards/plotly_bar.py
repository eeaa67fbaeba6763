# want: Plotly.newPlot
import plotly.graph_objects as go


def render(dataset, filters, params):
    figure = go.Figure(go.Bar(x=dataset["region"], y=dataset["amount"], name="売上"))
    figure.update_layout(title="地域別", barmode="stack", template="plotly_white")
    page = figure.to_html(include_plotlyjs=False, full_html=False)
    assert "cdn.plot.ly" not in page and "<html" not in page
    return page

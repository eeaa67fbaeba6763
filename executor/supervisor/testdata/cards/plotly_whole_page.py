# want: Plotly.newPlot
import plotly.express as px
import plotly.io as pio


def render(dataset, filters, params):
    page = px.pie(dataset, names="region", values="amount").to_html(include_plotlyjs="cdn", full_html=True)
    assert len(page) < 50_000 and "cdn.plot.ly" not in page
    assert len(pio.to_json(px.bar(dataset, x="region", y="amount"))) > 100
    return page

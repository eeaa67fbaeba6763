# want: Plotly.newPlot
import plotly.express as px


def render(dataset, filters, params):
    pages = [
        px.line(dataset, x="day", y="amount", markers=True),
        px.area(dataset, x="day", y="amount", color="region"),
        px.scatter(dataset, x="count", y="amount", size="amount", color="paid", hover_name="region"),
        px.histogram(dataset, x="amount", nbins=4),
        px.box(dataset, x="region", y="amount", points="all"),
        px.violin(dataset, y="amount", box=True),
        px.strip(dataset, x="region", y="amount"),
        px.ecdf(dataset, x="amount"),
        px.density_heatmap(dataset, x="count", y="amount"),
    ]
    return "".join(page.to_html(include_plotlyjs=False, full_html=False) for page in pages)

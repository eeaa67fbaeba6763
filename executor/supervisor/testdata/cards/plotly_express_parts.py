# want: Plotly.newPlot
import plotly.express as px


def render(dataset, filters, params):
    known = dataset.dropna()
    pages = [
        px.pie(known, names="region", values="amount", hole=0.4),
        px.sunburst(known, path=["region", "paid"], values="amount"),
        px.treemap(known, path=["region", "paid"], values="amount"),
        px.icicle(known, path=["region", "paid"], values="amount"),
        px.funnel(known, x="amount", y="region"),
        px.timeline(known.assign(end=known["at"] + __import__("pandas").Timedelta(days=1)), x_start="at", x_end="end", y="region"),
        px.imshow([[1, 2], [3, 4]], text_auto=True),
        px.bar_polar(known, r="amount", theta="region"),
        px.line_polar(known, r="amount", theta="region", line_close=True),
    ]
    return "".join(page.to_html(include_plotlyjs=False, full_html=False) for page in pages)

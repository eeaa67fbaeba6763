import plotly.graph_objects as go

COLOURS = {
    "Sub-Saharan Africa": "#24365a",
    "South Asia": "#2f7f86",
    "East Asia & Pacific": "#b02a26",
    "Middle East & North Africa": "#8a6bb1",
    "Europe & Central Asia": "#d9a441",
    "Americas": "#6b8f3c",
}
LARGEST, DIAMETER = 1.4e9, 60  # people in the largest bubble, and its pixels
NAMED = 9  # countries with their names in the picture


def bubbles(region, rows, named):
    return go.Scatter(
        name=region, x=rows["income_per_person"], y=rows["life_expectancy"], mode="markers+text",
        text=[country if country in named else "" for country in rows["country"]], textfont=dict(size=11),
        customdata=rows[["country", "population"]],
        marker=dict(
            color=COLOURS.get(region, "#888888"), opacity=0.72, line=dict(color="#fff", width=1),
            size=rows["population"], sizemode="area", sizeref=2 * LARGEST / DIAMETER**2, sizemin=3,
        ),
        hovertemplate="<b>%{customdata[0]}</b><br>%{x:$,.0f} a year<br>%{y:.1f} years<br>%{customdata[1]:,.0f} people<extra></extra>",
    )


def render(dataset, filters, params):
    if dataset.empty:
        return "<p>No countries match these filters.</p>"
    named = set(dataset.nlargest(NAMED, "population")["country"])
    regions = dataset.sort_values("population", ascending=False).groupby("region", sort=False)
    fig = go.Figure([bubbles(region, rows, named) for region, rows in regions])
    fig.update_layout(
        template="none",
        title=dict(text=f"<b>Richer is healthier</b><br><sup>{len(dataset)} countries; the area of a bubble is its population</sup>", x=0.02, font=dict(size=16)),
        font=dict(family="system-ui, sans-serif", color="#1d2a44"),
        legend=dict(orientation="h", y=-0.16, x=0, yanchor="top", itemsizing="constant"),
        margin=dict(l=55, r=15, t=65, b=85),
        xaxis=dict(title="income per person and year (log scale)", type="log", tickprefix="$", tickformat=",d", tickvals=[1000, 2000, 5000, 10000, 20000, 50000, 100000], gridcolor="#e8e4da"),
        yaxis=dict(title="life expectancy, years", gridcolor="#e8e4da", zeroline=False),
    )
    return fig.to_html(full_html=False, include_plotlyjs=False, default_height="100vh", config={"displayModeBar": False})

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
NAMED = 4  # countries with their names in the picture
TICKS = [1000, 2000, 5000, 10000, 20000, 50000, 100000]  # dollars


def bubbles(region, rows):
    return go.Scatter(
        name=region, x=rows["income_per_person"], y=rows["life_expectancy"], mode="markers",
        customdata=rows[["country", "population"]],
        marker=dict(
            color=COLOURS.get(region, "#888888"), opacity=0.72, line=dict(color="#fff", width=1),
            size=rows["population"], sizemode="area", sizeref=2 * LARGEST / DIAMETER**2, sizemin=3,
        ),
        hovertemplate="<b>%{customdata[0]}</b><br>%{x:$,.0f} a year<br>%{y:.1f} years<br>%{customdata[1]:,.0f} people<extra></extra>",
    )


def names(rows):
    return go.Scatter(
        x=rows["income_per_person"], y=rows["life_expectancy"], text=rows["country"], mode="text",
        textfont=dict(size=12, color="#1d2a44", shadow="0 0 4px white"), hoverinfo="skip", showlegend=False,
    )


def render(dataset, filters, params):
    if dataset.empty:
        return "<p>No countries match these filters.</p>"
    regions = dataset.sort_values("population", ascending=False).groupby("region", sort=False)
    fig = go.Figure([bubbles(region, rows) for region, rows in regions] + [names(dataset.nlargest(NAMED, "population"))])
    fig.update_layout(
        template="none",
        title=dict(text=f"<b>Richer is healthier</b><br><sup>{len(dataset)} countries; the area of a bubble is its population</sup>", x=0.02, font=dict(size=16)),
        font=dict(family="system-ui, sans-serif", color="#1d2a44"),
        legend=dict(orientation="h", y=-0.24, x=0, yanchor="top", itemsizing="constant"),
        margin=dict(l=55, r=15, t=65, b=110),
        xaxis=dict(title="income per person and year (log scale)", type="log", tickvals=TICKS, ticktext=[f"${tick:,}" for tick in TICKS], gridcolor="#e8e4da"),
        yaxis=dict(title="life expectancy, years", gridcolor="#e8e4da", zeroline=False),
    )
    return fig.to_html(full_html=False, include_plotlyjs=False, default_height="100vh", config={"displayModeBar": False})

import plotly.graph_objects as go

COLOURS = {
    "Sub-Saharan Africa": "#24365a",
    "South Asia": "#2f7f86",
    "East Asia & Pacific": "#b02a26",
    "Middle East & North Africa": "#8a6bb1",
    "Europe & Central Asia": "#d9a441",
    "Americas": "#6b8f3c",
}


def weighted(rows):
    """Mean life expectancy of a region's people, year by year."""
    years = (rows["life_expectancy"] * rows["population"]).groupby(rows["year"]).sum()
    return years / rows.groupby("year")["population"].sum()


def render(dataset, filters, params):
    if dataset.empty:
        return "<p>No countries match these filters.</p>"
    fig = go.Figure()
    for region, rows in dataset.groupby("region"):
        line, colour = weighted(rows), COLOURS.get(region, "#888888")
        fig.add_trace(go.Scatter(
            name=region, x=line.index, y=line, mode="lines+markers", line=dict(color=colour, width=2.5), marker=dict(size=5),
            hovertemplate="%{y:.1f} years<extra>" + region + "</extra>",
        ))
        fig.add_annotation(
            x=line.index[-1], y=line.iloc[-1], text=f"{line.iloc[-1]:.0f}", showarrow=False,
            xanchor="left", xshift=6, font=dict(color=colour, size=12),
        )
    subtitle = f"Mean of {dataset['country'].nunique()} countries, weighted by their people"
    fig.update_layout(
        template="none", hovermode="x unified",
        title=dict(text=f"<b>Life expectancy, {dataset['year'].min()}–{dataset['year'].max()}</b><br><sup>{subtitle}</sup>", x=0.02, font=dict(size=16)),
        font=dict(family="system-ui, sans-serif", color="#1d2a44"),
        legend=dict(orientation="h", y=-0.1, x=0, yanchor="top"),
        margin=dict(l=50, r=35, t=65, b=75),
        xaxis=dict(showgrid=False, dtick=10, tickformat="d"),
        yaxis=dict(title="years", gridcolor="#e8e4da", zeroline=False),
    )
    return fig.to_html(full_html=False, include_plotlyjs=False, default_height="100vh", config={"displayModeBar": False})

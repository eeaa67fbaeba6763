import plotly.graph_objects as go

LATE = 15  # minutes
SHOWN = 14  # airports


def render(dataset, filters, params):
    if dataset.empty:
        return "<p>No flights match these filters.</p>"
    late = dataset["delay_minutes"] > LATE
    airports = late.groupby(dataset["origin"]).agg(["mean", "size"])
    busiest = airports.nlargest(SHOWN, "size").sort_values("mean")
    percent, everywhere = busiest["mean"] * 100, late.mean() * 100

    fig = go.Figure(go.Bar(
        x=percent, y=busiest.index, orientation="h", customdata=busiest["size"],
        marker=dict(color=["#b02a26" if p > everywhere else "#8fa3b8" for p in percent]),
        texttemplate="%{x:.0f}%", textposition="outside", cliponaxis=False,
        hovertemplate="<b>%{y}</b><br>%{x:.1f}% late<br>%{customdata:,} departures<extra></extra>",
    ))
    fig.add_vline(
        x=everywhere, line=dict(color="#1d2a44", width=1, dash="dot"),
        annotation=dict(text=f"all {everywhere:.0f}%", y=1, yanchor="bottom", font=dict(size=11)),
    )
    fig.update_layout(
        template="none",
        title=dict(text=f"<b>Late departures by airport</b><br><sup>The {len(busiest)} busiest of {len(airports)}; late is more than {LATE} minutes</sup>", x=0.02, font=dict(size=16)),
        font=dict(family="system-ui, sans-serif", color="#1d2a44"),
        margin=dict(l=50, r=40, t=80, b=30), bargap=0.25,
        xaxis=dict(ticksuffix="%", gridcolor="#e8e4da", rangemode="tozero", nticks=6),
        yaxis=dict(showgrid=False, automargin=True, dtick=1),
    )
    return fig.to_html(full_html=False, include_plotlyjs=False, default_height="100vh", config={"displayModeBar": False})

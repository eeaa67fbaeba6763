import plotly.graph_objects as go

PHASES = ["Taxi", "Take-off run", "Climb", "Descent", "Approach", "Landing Roll"]
SIZES = {"Small": "#b9cdd6", "Medium": "#5b93a5", "Large": "#1b4a63"}


def render(dataset, filters, params):
    if dataset.empty:
        return "<p>No bird strikes match these filters.</p>"
    counts = dataset.pivot_table(index="phase", columns="wildlife_size", values="species", aggfunc="count", fill_value=0)
    counts = counts.reindex(index=PHASES, columns=list(SIZES), fill_value=0)
    damaged = (dataset["damage"] != "None").groupby(dataset["phase"]).mean().reindex(PHASES) * 100
    years = dataset["flight_date"].dt.year

    fig = go.Figure([
        go.Bar(
            name=f"{size} bird", x=PHASES, y=counts[size], marker=dict(color=colour),
            hovertemplate=f"<b>%{{x}}</b><br>{size} bird: %{{y:,}} strikes<extra></extra>",
        )
        for size, colour in SIZES.items()
    ])
    fig.add_trace(go.Scatter(
        name="with damage (right)", x=PHASES, y=damaged, yaxis="y2", mode="lines+markers",
        line=dict(color="#b02a26", width=2), marker=dict(size=8, line=dict(color="#fff", width=1)),
        hovertemplate="<b>%{x}</b><br>%{y:.1f}% with damage<extra></extra>",
    ))
    fig.update_layout(
        template="none", barmode="stack", bargap=0.35,
        title=dict(text=f"<b>Bird strikes by phase of flight</b><br><sup>{len(dataset):,} reports, {years.min()}–{years.max()}</sup>", x=0.02, font=dict(size=16)),
        font=dict(family="system-ui, sans-serif", color="#1d2a44"),
        legend=dict(orientation="h", y=-0.12, x=0, yanchor="top", traceorder="normal"),
        margin=dict(l=60, r=55, t=65, b=60),
        xaxis=dict(showgrid=False),
        yaxis=dict(title="strikes", tickformat=",d", gridcolor="#e8e4da"),
        yaxis2=dict(overlaying="y", side="right", ticksuffix="%", tickmode="auto", nticks=6, showgrid=False, rangemode="tozero", color="#b02a26"),
    )
    return fig.to_html(full_html=False, include_plotlyjs=False, default_height="100vh", config={"displayModeBar": False})

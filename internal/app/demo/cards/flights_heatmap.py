import plotly.graph_objects as go

DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
LATE = 15  # minutes: the usual limit for "on time"
FEWEST = 5  # flights behind a cell; fewer say nothing


def render(dataset, filters, params):
    when = [dataset["departed_at"].dt.dayofweek.rename("day"), dataset["departed_at"].dt.hour.rename("hour")]
    late = (dataset["delay_minutes"] > LATE).groupby(when).agg(["mean", "size"])
    if late.empty or late["size"].max() < FEWEST:
        return "<p>Too few flights match these filters.</p>"
    grid = dict(index=range(7), columns=range(5, 24))
    share = late["mean"].where(late["size"] >= FEWEST).unstack().reindex(**grid) * 100
    count = late["size"].unstack().reindex(**grid).fillna(0)

    fig = go.Figure(go.Heatmap(
        z=share, x=[f"{hour}:00" for hour in share.columns], y=DAYS, customdata=count, xgap=2, ygap=2,
        hovertemplate="<b>%{y} %{x}</b><br>%{z:.0f}% late<br>%{customdata:,} flights<extra></extra>", hoverongaps=False,
        colorscale=[[0, "#f3eee4"], [0.5, "#e0a95a"], [1, "#8f1d1d"]], zmin=0, zmax=45,
        colorbar=dict(title=dict(text="late"), ticksuffix="%", thickness=10),
    ))
    fig.update_layout(
        template="none",
        title=dict(text=f"<b>When flights leave late</b><br><sup>Share of {len(dataset):,} flights more than {LATE} minutes late, by hour of departure</sup>", x=0.02, font=dict(size=16)),
        font=dict(family="system-ui, sans-serif", color="#1d2a44"),
        margin=dict(l=50, r=10, t=65, b=40),
        xaxis=dict(showgrid=False, tickangle=0, nticks=10, type="category"),
        yaxis=dict(showgrid=False, autorange="reversed"),
    )
    return fig.to_html(full_html=False, include_plotlyjs=False, default_height="100vh", config={"displayModeBar": False})

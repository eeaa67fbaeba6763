import plotly.graph_objects as go

ROWS = 8  # of each end


def reach(people):
    """The axis from the greatest loss to the greatest gain, with room for the labels."""
    low, high = min(people.min(), 0), max(people.max(), 0)
    room = (high - low or 1) * 0.12
    return [low - room, high + room]


def render(dataset, filters, params):
    if dataset.empty:
        return "<p>この条件に合うデータはありません。</p>"
    table = dataset.pivot_table(index="都道府県", columns="調査日", values="人口", aggfunc="sum")
    first, last = table.columns[0], table.columns[-1]
    people = (table[last] - table[first]).sort_values()
    if len(people) > 2 * ROWS:
        people = people.iloc[[*range(ROWS), *range(len(people) - ROWS, len(people))]]
    percent = (table[last] / table[first] - 1).loc[people.index] * 100

    fig = go.Figure(go.Bar(
        x=people, y=people.index, orientation="h", customdata=percent,
        marker=dict(color=["#b02a26" if n < 0 else "#2f7f86" for n in people]),
        text=[f"{p:+.1f}%" for p in percent], textposition="outside", cliponaxis=False,
        hovertemplate="<b>%{y}</b><br>%{x:+,}人（%{customdata:+.1f}%）<extra></extra>",
    ))
    fig.update_layout(
        template="none",
        title=dict(text=f"<b>増えた県、減った県</b>　{first.year}年 → {last.year}年", x=0.02, font=dict(size=16)),
        font=dict(family="Hiragino Sans, Noto Sans JP, Noto Sans CJK JP, Meiryo, sans-serif", color="#1d2a44"),
        margin=dict(l=80, r=50, t=45, b=45), bargap=0.25,
        xaxis=dict(title="人口の増減（人）", tickformat="+,d", gridcolor="#e8e4da", zerolinecolor="#1d2a44", nticks=7, range=reach(people)),
        yaxis=dict(showgrid=False, automargin=True, dtick=1),
    )
    return fig.to_html(full_html=False, include_plotlyjs=False, default_height="100vh", config={"displayModeBar": False})

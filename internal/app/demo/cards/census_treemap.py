import plotly.graph_objects as go


def render(dataset, filters, params):
    if dataset.empty:
        return "<p>この条件に合うデータはありません。</p>"
    latest = dataset["調査日"].max()
    rows = dataset[dataset["調査日"] == latest]
    regions = rows.groupby("地方", sort=False)[["人口", "面積(km2)"]].sum()

    labels = ["合計", *regions.index, *rows["都道府県"]]
    parents = ["", *["/合計"] * len(regions), *("/合計/" + rows["地方"])]
    people = [rows["人口"].sum(), *regions["人口"], *rows["人口"]]
    area = [rows["面積(km2)"].sum(), *regions["面積(km2)"], *rows["面積(km2)"]]
    density = [p / a for p, a in zip(people, area)]

    fig = go.Figure(go.Treemap(
        ids=[f"{parent}/{label}" for parent, label in zip(parents, labels)],
        labels=labels, parents=parents, values=people, branchvalues="total", customdata=density,
        texttemplate="<b>%{label}</b><br>%{value:,.0f}人",
        hovertemplate="<b>%{label}</b><br>%{value:,.0f}人<br>1km²あたり %{customdata:,.0f}人<extra></extra>",
        marker=dict(
            colors=density, cmin=60, cmax=1500, line=dict(color="#fff", width=1),
            colorscale=[[0, "#f3eee4"], [0.25, "#e7c987"], [0.6, "#cf7f4f"], [1, "#8f1d1d"]],
            colorbar=dict(title=dict(text="人/km²"), thickness=10, len=0.8, tickformat=",d"),
        ),
        tiling=dict(pad=2), pathbar=dict(visible=False),
    ))
    fig.update_layout(
        template="none",
        title=dict(text=f"<b>どこに何人住んでいるか</b>　{latest.year}年", x=0.02, font=dict(size=16)),
        font=dict(family="Hiragino Sans, Noto Sans JP, Noto Sans CJK JP, Meiryo, sans-serif", color="#1d2a44"),
        margin=dict(l=10, r=10, t=45, b=10),
    )
    return fig.to_html(full_html=False, include_plotlyjs=False, default_height="100vh", config={"displayModeBar": False})

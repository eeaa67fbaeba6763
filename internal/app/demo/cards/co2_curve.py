import plotly.graph_objects as go


def line(name, dates, values, colour, width):
    return go.Scatter(
        name=name, x=dates, y=values, mode="lines", line=dict(color=colour, width=width),
        hovertemplate="%{y:.1f} ppm<extra>" + name + "</extra>",
    )


def render(dataset, filters, params):
    if dataset.empty:
        return "<p>この期間の観測値はありません。</p>"
    rows = dataset.sort_values("date")
    dates = rows["date"].dt.strftime("%Y-%m-%d")
    first, last = rows.iloc[0], rows.iloc[-1]
    rise = last["seasonally_adjusted_ppm"] - first["seasonally_adjusted_ppm"]

    fig = go.Figure([
        line("月平均", dates, rows["co2_ppm"], "#c9b48a", 1),
        line("季節調整済み", dates, rows["seasonally_adjusted_ppm"], "#b02a26", 2.5),
    ])
    fig.add_annotation(
        x=dates.iloc[-1], y=last["seasonally_adjusted_ppm"], text=f"<b>{last['seasonally_adjusted_ppm']:.0f} ppm</b>",
        showarrow=False, xanchor="right", xshift=-24, yshift=4, font=dict(color="#b02a26", size=14),
    )
    fig.update_layout(
        template="none", hovermode="x unified",
        title=dict(text=f"<b>大気中の二酸化炭素</b>（マウナロア）<br><sup>{first['date'].year}年から{last['date'].year}年までに {rise:+.0f} ppm</sup>", x=0.02, font=dict(size=16)),
        font=dict(family="Hiragino Sans, Noto Sans JP, Noto Sans CJK JP, Meiryo, sans-serif", color="#1d2a44"),
        legend=dict(orientation="h", x=0.02, y=0.98, yanchor="top"),
        margin=dict(l=55, r=20, t=70, b=35),
        xaxis=dict(type="date", showgrid=False, tickformat="%Y", hoverformat="%Y年%-m月"),
        yaxis=dict(title="ppm", gridcolor="#e8e4da", zeroline=False),
    )
    return fig.to_html(full_html=False, include_plotlyjs=False, default_height="100vh", config={"displayModeBar": False})

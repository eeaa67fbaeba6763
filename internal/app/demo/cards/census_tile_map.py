import plotly.graph_objects as go

# Where each prefecture lies on the tile map: row from the north, column from the west.
TILES = {
    "北海道": (0, 11),
    "青森県": (1, 11), "秋田県": (2, 10), "岩手県": (2, 11), "山形県": (3, 10), "宮城県": (3, 11), "福島県": (4, 11),
    "石川県": (4, 7), "富山県": (4, 8), "新潟県": (4, 9), "群馬県": (4, 10),
    "福井県": (5, 7), "岐阜県": (5, 8), "長野県": (5, 9), "埼玉県": (5, 10), "栃木県": (5, 11), "茨城県": (5, 12),
    "島根県": (6, 2), "鳥取県": (6, 3), "兵庫県": (6, 4), "京都府": (6, 5), "滋賀県": (6, 6), "愛知県": (6, 7),
    "静岡県": (6, 8), "山梨県": (6, 9), "東京都": (6, 10), "千葉県": (6, 11),
    "長崎県": (7, 0), "佐賀県": (7, 1), "福岡県": (7, 2), "山口県": (7, 3), "広島県": (7, 4), "岡山県": (7, 5),
    "大阪府": (7, 6), "奈良県": (7, 7), "三重県": (7, 8), "神奈川県": (7, 10),
    "熊本県": (8, 1), "大分県": (8, 2), "愛媛県": (8, 3), "香川県": (8, 4), "和歌山県": (8, 7),
    "鹿児島県": (9, 1), "宮崎県": (9, 2), "高知県": (9, 3), "徳島県": (9, 4),
    "沖縄県": (10, 0),
}
LIMIT = 8  # per cent: the darkest tiles


def short(name):
    return name if name == "北海道" else name[:-1]


def change(dataset):
    """Population at the first and the last census that is shown, and the change between them."""
    table = dataset.pivot_table(index="都道府県", columns="調査日", values="人口", aggfunc="sum")
    first, last = table.columns[0], table.columns[-1]
    table = table[[first, last]].set_axis(["before", "after"], axis=1)
    table["percent"] = (table["after"] / table["before"] - 1) * 100
    return table, first.year, last.year


def tile(name, row, column, percent):
    shown = percent is not None
    colour = "#b8bcc6" if not shown else "#ffffff" if abs(percent) > LIMIT * 0.6 else "#1d2a44"
    return dict(x=column, y=row, text=short(name), showarrow=False, font=dict(size=12, color=colour))


def render(dataset, filters, params):
    if dataset.empty:
        return "<p>この条件に合うデータはありません。</p>"
    table, first, last = change(dataset)
    z = [[None] * 13 for _ in range(11)]
    hover = [[""] * 13 for _ in range(11)]
    names = []
    for name, (row, column) in TILES.items():
        percent = None
        if name in table.index:
            line = table.loc[name]
            percent = z[row][column] = line["percent"]
            hover[row][column] = f"<b>{name}</b><br>{line['after']:,.0f}人（{last}年）<br>{percent:+.1f}%"
        names.append(tile(name, row, column, percent))
    fig = go.Figure(go.Heatmap(
        z=z, customdata=hover, hovertemplate="%{customdata}<extra></extra>", hoverongaps=False,
        zmin=-LIMIT, zmax=LIMIT, xgap=3, ygap=3,
        colorscale=[[0, "#8f1d1d"], [0.25, "#d9776a"], [0.5, "#f3eee4"], [0.75, "#6aa5b5"], [1, "#1b5a72"]],
        colorbar=dict(title=dict(text="増減率"), ticksuffix="%", tickformat="+d", thickness=10, len=0.5, x=0.04, y=0.74, xanchor="left"),
    ))
    fig.update_layout(
        template="none", annotations=names,
        title=dict(text=f"<b>人口の増減率</b>　{first}年 → {last}年", x=0.02, font=dict(size=16)),
        font=dict(family="Hiragino Sans, Noto Sans JP, Noto Sans CJK JP, Meiryo, sans-serif", color="#1d2a44"),
        margin=dict(l=10, r=10, t=45, b=10),
        xaxis=dict(visible=False, range=[-0.6, 12.6], fixedrange=True),
        yaxis=dict(visible=False, range=[10.6, -0.6], fixedrange=True),
    )
    return fig.to_html(full_html=False, include_plotlyjs=False, default_height="100vh", config={"displayModeBar": False})

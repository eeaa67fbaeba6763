from html import escape

STYLE = """
<style>
  body { margin: 0; }
  .census { font: 14px/1.6 "Hiragino Sans", "Noto Sans JP", "Noto Sans CJK JP", Meiryo, sans-serif; color: #1d2a44; padding: 12px 16px; }
  .census h2 { margin: 0 0 8px; font-size: 16px; }
  .census table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
  .census th { padding: 4px 8px; text-align: right; font-weight: 600; color: #586178; border-bottom: 2px solid #1d2a44; white-space: nowrap; }
  .census td { padding: 5px 8px; text-align: right; border-bottom: 1px solid #e8e4da; white-space: nowrap; }
  .census th:first-child, .census td:first-child { text-align: left; }
  .census .share { width: 32%; }
  .census .bar { height: 12px; background: #2f7f86; border-radius: 2px; }
  .census .less { color: #b02a26; }
  .census .more { color: #1b6a72; }
  .census tfoot td { font-weight: 700; border-bottom: 0; }
</style>
"""


def row(name, before, after, widest):
    change = (after / before - 1) * 100
    tone = "less" if change < 0 else "more"
    return (
        f"<tr><td>{escape(name)}</td><td>{after:,.0f}</td>"
        f'<td class="{tone}">{change:+.1f}%</td>'
        f'<td class="share"><div class="bar" style="width:{after / widest * 100:.1f}%"></div></td></tr>'
    )


def render(dataset, filters, params):
    if dataset.empty:
        return "<p>この条件に合うデータはありません。</p>"
    table = dataset.pivot_table(index="地方", columns="調査日", values="人口", aggfunc="sum")
    first, last = table.columns[0], table.columns[-1]
    table = table.sort_values(last, ascending=False)
    rows = [row(name, line[first], line[last], table[last].max()) for name, line in table.iterrows()]
    total = table[last].sum()
    change = (total / table[first].sum() - 1) * 100
    return (
        f'{STYLE}<div class="census"><h2>地方別の人口　{last.year}年</h2><table>'
        f"<thead><tr><th>地方</th><th>人口（人）</th><th>{first.year}年比</th><th></th></tr></thead>"
        f"<tbody>{''.join(rows)}</tbody>"
        f"<tfoot><tr><td>合計</td><td>{total:,.0f}</td><td>{change:+.1f}%</td><td></td></tr></tfoot>"
        f"</table></div>"
    )

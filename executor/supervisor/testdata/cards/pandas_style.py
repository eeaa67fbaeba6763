# want: background-color
def render(dataset, filters, params):
    style = (
        dataset.style.background_gradient(subset=["amount"], cmap="Blues")
        .bar(subset=["count"], color="#5fba7d")
        .highlight_max(subset=["amount"])
        .format({"amount": "{:,.1f} 円", "day": "{:%Y-%m-%d}"}, na_rep="—")
        .hide(axis="index")
        .set_caption("売上")
        .set_table_styles([{"selector": "th", "props": [("text-align", "left")]}])
    )
    page = style.to_html()
    assert "10.5 円" in page and "売上" in page and "—" in page
    return page

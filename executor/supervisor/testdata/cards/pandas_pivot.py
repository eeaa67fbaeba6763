# want: All
def render(dataset, filters, params):
    table = dataset.pivot_table(index="region", columns="paid", values="amount", aggfunc="sum", margins=True, fill_value=0)
    assert table.loc["All", "All"] == 35.5
    return table.to_html()

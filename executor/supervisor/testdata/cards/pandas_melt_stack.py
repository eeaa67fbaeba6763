# want: variable
def render(dataset, filters, params):
    long = dataset.melt(id_vars="region", value_vars=["amount", "count"])
    assert len(long) == 8
    wide = long.dropna().groupby(["region", "variable"])["value"].sum().unstack()
    assert wide.stack().sum() == 35.5 + 6
    return long.to_html()

# want: <td>30.5</td>
def render(dataset, filters, params):
    sums = dataset.groupby("region", dropna=False).agg(total=("amount", "sum"), n=("count", "max"))
    assert sums["total"].sum() == 36.5
    return sums.to_html()

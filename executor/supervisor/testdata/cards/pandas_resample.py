# want: 2022-01-31
def render(dataset, filters, params):
    series = dataset.set_index("day")["amount"]
    monthly = series.resample("ME").sum()
    assert monthly.sum() == 36.5 and series.resample("D").ffill().isna().sum() == 0
    return monthly.to_frame().to_html()

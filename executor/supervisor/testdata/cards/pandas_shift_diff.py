# want: pct
def render(dataset, filters, params):
    frame = dataset[["amount"]].assign(before=dataset["amount"].shift(), pct=dataset["amount"].pct_change(), rank=dataset["amount"].rank())
    assert dataset["amount"].diff().iloc[1] == -5.5 and dataset["amount"].cumsum().iloc[-1] == 36.5
    return frame.to_html(float_format="{:.2f}".format)

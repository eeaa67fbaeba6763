# want: 21.0
def render(dataset, filters, params):
    low = 5
    frame = dataset.query("amount > @low and paid").eval("double = amount * 2 + 0")
    assert dataset.nlargest(1, "amount")["count"].item() == 3
    return dataset.query("count == 1").eval("twice = amount * 2").to_html() + frame.to_html()

# want: 99.0
def render(dataset, filters, params):
    dataset["amount"] *= 2
    dataset.loc[dataset["count"] == 4, "amount"] = 99
    dataset.loc[0, "region"] = "x"
    dataset.drop(columns="paid", inplace=True)
    dataset.sort_values("amount", inplace=True)
    return dataset.to_html()

# want: 東京10
def render(dataset, filters, params):
    rows = dataset.head(1).apply(lambda row: f"{row['region']}{row['amount']:.0f}", axis=1)
    assert dataset["count"].map({1: "a"}).isna().sum() == 3
    assert dataset[["amount", "count"]].pipe(lambda f: f + 1).iloc[0].tolist() == [11.5, 2]
    return rows.item()

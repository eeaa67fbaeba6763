# want: なし
def render(dataset, filters, params):
    assert dataset["region"].isna().sum() == 1
    filled = dataset.fillna({"region": "なし"}).sort_values(["region", "amount"], ascending=[True, False])
    assert len(dataset.dropna()) == 3 and filled["amount"].interpolate().notna().all()
    return filled.to_html()

# want: 75%
def render(dataset, filters, params):
    assert dataset["amount"].quantile(0.5) == 7.75 and dataset[["amount", "count"]].corr().shape == (2, 2)
    assert dataset.memory_usage().sum() > 0 and dataset.sample(2, random_state=1).shape == (2, 6)
    return dataset.describe(include="all").to_html()

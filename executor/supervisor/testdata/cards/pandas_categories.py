# want: 低
import pandas as pd


def render(dataset, filters, params):
    bands = pd.cut(dataset["amount"], [0, 5, 15, 100], labels=["低", "中", "高"])
    assert bands.value_counts().to_dict() == {"低": 2, "中": 1, "高": 1}
    quarters = pd.qcut(range(8), 4)
    assert len(quarters.categories) == 4 and bands.cat.ordered
    return bands.value_counts().to_frame().to_html()

# want: 関東
import pandas as pd


def render(dataset, filters, params):
    areas = pd.DataFrame({"region": ["東京", "大阪", "札幌"], "area": ["関東", "関西", "北海道"]})
    inner = dataset.merge(areas, on="region", validate="many_to_one")
    outer = dataset.merge(areas, on="region", how="outer", indicator=True)
    assert len(inner) == 3 and (outer["_merge"] == "right_only").sum() == 1
    return inner.to_html(index=False)

# want: 03-1234
import pandas as pd


def render(dataset, filters, params):
    series = pd.Series(["東京 03-1234", "大阪 06-5678", None])
    parts = series.str.extract(r"(?P<place>\S+) (?P<number>[\d-]+)")
    assert parts["place"].tolist()[:2] == ["東京", "大阪"]
    assert series.str.contains("東").fillna(False).sum() == 1
    assert series.str.normalize("NFKC").str.len().iloc[0] == 10
    assert pd.Series(["a,b"]).str.split(",", expand=True).shape == (1, 2)
    return parts.to_html()

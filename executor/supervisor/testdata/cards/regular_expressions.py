# want: 2024年01月
import re
import unicodedata


def render(dataset, filters, params):
    assert re.findall(r"\d+", "a1b22") == ["1", "22"]
    assert unicodedata.normalize("NFKC", "ｱ㍿①") == "ア株式会社1"
    named = re.compile(r"(?P<year>\d{4})-(?P<month>\d\d)", re.UNICODE).match("2024-01")
    return named.expand(r"\g<year>年\g<month>月")

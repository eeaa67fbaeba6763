# want: <b>結果</b>
from karuta import HTMLResult


def render(dataset, filters, params):
    return HTMLResult(html="<b>結果</b>", used_columns=["amount"], filter_applicable=True)

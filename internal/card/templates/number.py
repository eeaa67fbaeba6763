import html

VALUE = "@value@"


def render(dataset, filters, params):
    total = dataset[VALUE].sum()
    return f"<div style='font-size:3rem;text-align:center'>{total:,.0f}</div><div style='text-align:center'>{html.escape(VALUE)}</div>"

ROWS, COLUMNS, VALUE = "@category@", "@series@", "@value@"


def render(dataset, filters, params):
    totals = dataset.pivot_table(index=ROWS, columns=COLUMNS, values=VALUE, aggfunc="sum", fill_value=0)
    return totals.iloc[:100, :20].style.format("{:,.0f}").background_gradient(axis=None).to_html()

# want: <table
import pandas as pd


def render(dataset, filters, params):
    table = pd.crosstab(dataset["region"], dataset["paid"], normalize="index")
    assert (table.sum(axis=1) == 1).all()
    return table.to_html()

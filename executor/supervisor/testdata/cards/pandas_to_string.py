# want: 10.5
import pandas as pd


def render(dataset, filters, params):
    with pd.option_context("display.max_columns", 3, "display.width", 60):
        short = str(dataset)
    assert "..." in short
    return "<pre>" + dataset.to_string() + "</pre>" + dataset.to_latex().replace("\\", "")[:0]

"""Runs a card's code: a function that turns a dataset into HTML."""

import pandas as pd
from karuta import HTMLResult

from . import dataset, script
from .frames import MAX_HTML
from .script import BadResult

FILE = "card.py"


def run(order, tables, answer):
    """Runs render(dataset, filters, params) of an order (JSON: code, filters, params, columns, given) and answers.

    There is one table or, where the dataset has no columns, none. It has the given columns, all of the columns where none are named.
    """

    def work(order):
        frame = _frame(tables, order, answer)
        render = script.load(order["code"], FILE, {"HTMLResult": HTMLResult}).get("render")
        if not callable(render):
            raise BadResult("no_render")
        return _checked(render(frame, order["filters"], order["params"]))

    script.run(order, FILE, work, answer, answer.succeeded)


def _frame(tables, order, answer):
    if not tables:
        return pd.DataFrame()
    if order["given"] is None:
        return dataset.frame(tables[0])
    return dataset.narrowed(tables[0], order["columns"], order["given"], answer.absent)


def _checked(result):
    """HTML in UTF-8, used columns or None for all, and whether filters apply."""
    used, applicable = None, True
    if isinstance(result, HTMLResult):
        used, applicable, result = result.used_columns, bool(result.filter_applicable), result.html
    if not isinstance(result, str):
        raise BadResult("wrong_type", type(result).__name__)
    if used is not None:
        used = [str(name) for name in used]
    if len(result) > MAX_HTML:
        raise BadResult("html_too_large", str(len(result)))
    html = result.encode("utf-8", "replace")
    if len(html) > MAX_HTML:
        raise BadResult("html_too_large", str(len(html)))
    return html, used, applicable

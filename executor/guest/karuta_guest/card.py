"""Runs a card's code and turns whatever happens into an answer."""

import builtins
import linecache
import sys
import types

from _sitebuiltins import Quitter
from karuta import HTMLResult

from . import problems
from .frames import MAX_HTML

FILE = "card.py"  # the name under which the code appears in tracebacks


class BadResult(Exception):
    """What render returned cannot be shown; the arguments are reason and detail."""


def run(order, dataset, answer):
    """Runs render(dataset, filters, params) and answers."""
    code = order["code"]
    linecache.cache[FILE] = (len(code), None, code.splitlines(keepends=True), FILE)
    try:
        _reseed(code)
        render = _load(code)
        html, used, applicable = _checked(render(dataset, order["filters"], order["params"]))
    except MemoryError:
        raise
    except BadResult as error:
        answer.failed(*error.args)
    except BaseException as error:  # noqa: BLE001  SystemExit and KeyboardInterrupt too
        answer.failed(*problems.describe(error, FILE))
    else:
        answer.succeeded(html, used, applicable)


def _load(code):
    """Runs the top level of the code in one namespace and finds render."""
    module = types.ModuleType("card")
    module.__file__ = FILE
    module.HTMLResult = HTMLResult
    sys.modules["card"] = module
    for name in ("exit", "quit"):
        setattr(builtins, name, Quitter(name, "the end"))
    exec(compile(code, FILE, "exec", dont_inherit=True), module.__dict__)  # noqa: S102
    render = module.__dict__.get("render")
    if not callable(render):
        raise BadResult("no_render")
    return render


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


def _reseed(code):
    """Gives numpy's shared generator a new state; it costs as much as the whole sandbox, so only when it may be used."""
    if "random" in code or "sample" in code:
        import numpy

        numpy.random.seed()

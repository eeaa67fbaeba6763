"""Runs a card's code and turns whatever happens into an answer."""

import builtins
import json
import linecache
import signal
import sys
import types

from _sitebuiltins import Quitter
from karuta import HTMLResult

from . import problems
from .frames import MAX_HTML

FILE = "card.py"  # the name under which the code appears in tracebacks


class TooLate(BaseException):
    """Raised in the card shortly before it is killed, so that its author sees where it was."""


class BadResult(Exception):
    """What render returned cannot be shown; the arguments are reason and detail."""


def run(order, dataset, answer):
    """Runs render(dataset, filters, params) of an order (JSON: code, filters, params) and answers."""
    try:
        order = json.loads(order)
        code = order["code"]
        linecache.cache[FILE] = (len(code), None, code.splitlines(keepends=True), FILE)
        signal.signal(signal.SIGALRM, _alarm)
        _reseed(code)
        render = _load(code)
        html, used, applicable = _checked(render(dataset, order["filters"], order["params"]))
        _disarm()
    except MemoryError:
        _disarm()
        raise
    except BadResult as error:
        _disarm()
        answer.failed(*error.args)
    except TooLate as error:
        answer.failed("timeout", "", "", problems.frames_of(error, FILE))
    except BaseException as error:  # noqa: BLE001  SystemExit and KeyboardInterrupt too
        _disarm()
        answer.failed(*problems.describe(error, FILE))
    else:
        answer.succeeded(html, used, applicable)


def _alarm(_signal, _frame):
    raise TooLate


def _disarm():
    signal.signal(signal.SIGALRM, signal.SIG_IGN)


def _load(code):
    """Runs the top level of the code in one namespace and finds render."""
    module = types.ModuleType("card")
    module.__file__ = FILE
    module.HTMLResult = HTMLResult
    sys.modules["card"] = module
    for name in ("exit", "quit"):
        setattr(builtins, name, Quitter(name, "the end"))
    exec(_compiled(code), module.__dict__)  # noqa: S102
    render = module.__dict__.get("render")
    if not callable(render):
        raise BadResult("no_render")
    return render


def _compiled(code):
    try:
        return compile(code, FILE, "exec", dont_inherit=True)
    except ValueError as error:  # zero bytes, in early releases of 3.11
        raise SyntaxError(str(error)) from None


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

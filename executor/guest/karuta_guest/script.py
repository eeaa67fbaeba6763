"""What cards and transforms have in common: people's code is run, and whatever happens becomes an answer."""

import builtins
import json
import linecache
import signal
import sys
import types

from _sitebuiltins import Quitter

from . import problems


class TooLate(BaseException):
    """Raised in the code shortly before it is killed, so that its author sees where it was."""


class BadResult(Exception):
    """What the code gave cannot be used; the arguments are reason, detail and message."""


def run(order, file, work, answer, succeed):
    """Does the work of an order (JSON with the code), and answers with what comes of it.

    file is the name under which the code appears in tracebacks.
    """
    try:
        order = json.loads(order)
        code = order["code"]
        linecache.cache[file] = (len(code), None, code.splitlines(keepends=True), file)
        signal.signal(signal.SIGALRM, _alarm)
        _reseed(code)
        result = work(order)
        _disarm()
    except MemoryError:
        _disarm()
        raise
    except BadResult as error:
        _disarm()
        answer.failed(*error.args)
    except TooLate as error:
        answer.failed("timeout", "", "", problems.frames_of(error, file))
    except BaseException as error:  # noqa: BLE001  SystemExit and KeyboardInterrupt too
        _disarm()
        answer.failed(*problems.describe(error, file))
    else:
        succeed(*result)


def load(code, file, names):
    """Runs the top level of the code in one namespace, which has the names from the start, and gives it."""
    name = file.removesuffix(".py")
    module = types.ModuleType(name)
    module.__file__ = file
    module.__dict__.update(names)
    sys.modules[name] = module
    for end in ("exit", "quit"):
        setattr(builtins, end, Quitter(end, "the end"))
    exec(_compiled(code, file), module.__dict__)  # noqa: S102
    return module.__dict__


def _compiled(code, file):
    try:
        return compile(code, file, "exec", dont_inherit=True)
    except ValueError as error:  # zero bytes, in early releases of 3.11
        raise SyntaxError(str(error)) from None


def _alarm(_signal, _frame):
    raise TooLate


def _disarm():
    signal.signal(signal.SIGALRM, signal.SIG_IGN)


def _reseed(code):
    """Gives numpy's shared generator a new state; it costs as much as the whole sandbox, so only when it may be used."""
    if "random" in code or "sample" in code:
        import numpy

        numpy.random.seed()

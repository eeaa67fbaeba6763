"""Runs a transform's code: a function that turns datasets into one, or lines that assign it to result."""

import karuta
import pandas as pd

from . import script, table
from .script import BadResult

FILE = "transform.py"
MAX_STEPS = 1000  # of progress that are told
MAX_TEXT = 500


def run(order, frames, sink, limit, answer):
    """Runs transform(inputs, params) of an order (JSON: code, inputs, params), writes what it gives and answers.

    frames are the inputs in their order; sink is the descriptor for the Arrow data, of which there may be limit bytes.
    """
    karuta._tell = _teller(answer)

    def work(order):
        inputs = _named(order["inputs"], frames)
        return (table.write(_result(order, inputs, frames), sink, limit),)

    script.run(order, FILE, work, answer, answer.written)


def _named(names, frames):
    """Each frame under the dataset's id and, where there is one, under its alias."""
    inputs = {}
    for name, frame in zip(names, frames, strict=True):
        for key in (name["id"], name["alias"]):
            if key:
                inputs[key] = frame
    return inputs


def _result(order, inputs, frames):
    numbered = {f"df_{number}": frame for number, frame in enumerate(frames)}
    names = script.load(order["code"], FILE, {**numbered, "inputs": inputs, "params": order["params"]})
    if callable(names.get("transform")):
        result = names["transform"](inputs, order["params"])
    elif "result" in names:
        result = names["result"]
    else:
        raise BadResult("no_transform")
    if not isinstance(result, pd.DataFrame):
        raise BadResult("not_a_frame", type(result).__name__)
    return result


def _teller(answer):
    """Tells progress, so often and so much as anybody may want to know."""
    left = iter(range(MAX_STEPS))

    def tell(fraction, text):
        if next(left, None) is not None:
            within = min(fraction, 1.0) if fraction > 0 else 0.0  # what is no number at all is 0
            answer.progress(within, text[:MAX_TEXT])

    return tell

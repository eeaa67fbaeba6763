"""Columns that a card was not given, because its code does not name them.

A card's frame has all columns of its dataset, so that their names, their order and its length are right. The values of
absent ones are not there: such a column can be copied, cut, and follow the rows of the others. Whatever more is asked of
it, be it its type, shows that the card wants it after all: the run ends at once, before the code can notice, and the
supervisor begins another one with everything.

The columns are an extension type of pandas. What they may be asked is listed and everything else refused, so that another
release of pandas can make cards slower, but never wrong.
"""

import sys

import numpy as np
from pandas.api.extensions import ExtensionArray, ExtensionDtype

_touched = None


def on_touch(touched):
    """Says what ends the run; it does not return."""
    global _touched
    _touched = touched


def _refuse(*_arguments, **_options):
    _touched()


# What Python looks up in the class: there it can only be refused by a method.
_SPECIAL = [
    f"__{name}__"
    for name in (
        "lt le gt ge eq ne add radd sub rsub mul rmul truediv rtruediv floordiv rfloordiv mod rmod divmod rdivmod pow rpow"
        " matmul rmatmul and rand or ror xor rxor lshift rlshift rshift rrshift neg pos abs invert bool int float index"
        " iter contains setitem delitem hash repr str format bytes array array_ufunc array_function arrow_array"
        " arrow_c_array arrow_c_stream reduce reduce_ex sizeof dir"
    ).split()
]


def _by_the_frame():
    """Whether it is pandas' keeping of columns that wants to know what something is, and not what people's code leads to."""
    return sys._getframe(2).f_globals.get("__name__", "").startswith("pandas.core.internals.")


def _closed(cls):
    """Refuses everything but what the class itself defines and the names that it lists."""
    known = {*cls.NAMES, *_SPECIAL}

    def lookup(self, name):
        return object.__getattribute__(self, name) if name in known or name == "__class__" and _by_the_frame() else _refuse()

    for name in _SPECIAL:
        if vars(cls).get(name) is None:
            setattr(cls, name, _refuse)
    cls.__getattribute__ = lookup
    return cls


@_closed
class AbsentDtype(ExtensionDtype):
    """The type of one absent column, of which is known only that it is the same as itself."""

    NAMES = ("_supports_2d", "na_value")
    type = object
    name = "absent"
    na_value = None  # what take is given, for rows that are not there

    def __eq__(self, other):
        return other is self or (False if other is np.void else _refuse())  # no dataset has np.void

    def __ne__(self, other):
        return not self == other


@_closed
class AbsentArray(ExtensionArray):
    """So many values that are not there."""

    NAMES = ("__class__", "_typ", "_length", "_dtype", "dtype", "shape", "ndim", "size", "take", "copy", "view", "_with")
    ndim = 1
    dtype = property(lambda self: self._dtype)
    shape = property(lambda self: (self._length,))
    size = property(lambda self: self._length)

    def __init__(self, length, dtype=None):
        self._length, self._dtype = length, AbsentDtype() if dtype is None else dtype

    def __len__(self):
        return self._length

    def __getitem__(self, item):
        """A part of it: which one does not matter, only its length."""
        return self._with(len(range(*item.indices(self._length)))) if isinstance(item, slice) else _refuse()

    def take(self, indices, *, allow_fill=False, fill_value=None):
        if allow_fill and np.any(np.less(indices, 0)):  # nulls may make it another type
            _refuse()
        return self._with(len(indices))

    def copy(self):
        return self._with(self._length)

    def view(self, dtype=None):
        return self.copy() if dtype is None else _refuse()

    def _with(self, length):
        return AbsentArray(length, self._dtype)

    # Asked of the class, and not of an array.
    _from_sequence = _from_factorized = _concat_same_type = staticmethod(_refuse)

"""Makes DataFrames on top of mapped Arrow data, without copies where the types allow it."""

import pandas as pd
import pyarrow as pa

from . import absent

_owners = []


def table(view):
    return pa.ipc.open_file(pa.py_buffer(view)).read_all()


def frame(data):
    """The whole table as a DataFrame.

    The second reference makes pandas copy a column when the code first writes to it; a frame that is the only owner would
    try to write to the read-only pages.
    """
    _owners.append(data.to_pandas(split_blocks=True, date_as_object=False, use_threads=False))
    return _owners[-1].copy(deep=False)


def narrowed(data, names, given, touched):
    """A DataFrame with all the names, and with the values of the given ones; touched ends the run where it wants others."""
    absent.on_touch(touched)
    values = frame(data.select(given))
    columns = {name: values[name] if name in values else absent.AbsentArray(data.num_rows) for name in names}
    return pd.DataFrame(columns, index=pd.RangeIndex(data.num_rows), copy=False)

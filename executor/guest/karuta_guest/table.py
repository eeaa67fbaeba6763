"""Writes a DataFrame as Arrow data of the six types that a dataset's columns have."""

import io
import os
import re

import pandas as pd
import pyarrow as pa
import pyarrow.types as kinds

from .script import BadResult

MAX_COLUMNS = 1000  # as in engine/arrowtable.go
MAX_NAME = 200
BATCH_ROWS = 64 << 10

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def write(frame, sink, limit):
    """Writes the frame to a descriptor that holds so many bytes at most; gives the number of bytes."""
    data = _table(_with_index(frame))
    if data.nbytes > limit - (1 << 20):
        raise BadResult("table_too_large", f"{limit >> 20} MB")
    with open(sink, "wb", buffering=1 << 20, closefd=False) as out, pa.PythonFile(out, mode="w") as file:
        with pa.ipc.new_file(file, data.schema, options=pa.ipc.IpcWriteOptions(use_threads=False)) as writer:
            writer.write_table(data, max_chunksize=BATCH_ROWS)
    return os.lseek(sink, 0, io.SEEK_CUR)


def _with_index(frame):
    """The levels of the index that have a name, as after groupby, are columns like others; the rest only counts rows."""
    named = [name for name in frame.index.names if name is not None]
    taken = list(frame.columns)
    for name in named:
        if name in taken:
            raise BadResult("column_twice", _shown(name))
        taken.append(name)
    if not named:
        return frame
    return frame.reset_index(level=[n for n, name in enumerate(frame.index.names) if name is not None])


def _table(frame):
    if len(frame.columns) == 0:
        raise BadResult("no_columns")
    if len(frame.columns) > MAX_COLUMNS:
        raise BadResult("too_many_columns", str(MAX_COLUMNS))
    names = _names(frame)
    columns = [_column(name, frame.iloc[:, number]) for number, name in enumerate(names)]
    return pa.table(columns, names=names)


def _names(frame):
    """The names of the columns, which must be texts that differ by more than upper and lower case."""
    names, taken = [], set()
    for name in frame.columns:
        if not isinstance(name, str) or name.strip() != name or not 0 < len(name) <= MAX_NAME or _CONTROL.search(name):
            raise BadResult("column_name", _shown(name))
        if name.lower() in taken:
            raise BadResult("column_twice", name)
        taken.add(name.lower())
        names.append(str(name))
    return names


def _column(name, series):
    if isinstance(series.dtype, pd.SparseDtype):
        series = series.sparse.to_dense()
    try:
        data = pa.chunked_array(_chunks(pa.array(series, from_pandas=True)))
        if kinds.is_dictionary(data.type):
            data = data.cast(data.type.value_type)
        wanted = _type(data.type)
        if wanted is not None:
            _check_range(data)
            return data.cast(wanted, safe=not kinds.is_timestamp(wanted))
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError, TypeError, ValueError) as error:
        raise BadResult("column_values", _shown(name), _shown(error)) from None
    raise BadResult("column_type", _shown(name), _shown(series.dtype if series.dtype != object else data.type))


def _chunks(data):
    return data.chunks or [pa.array([], data.type)] if isinstance(data, pa.ChunkedArray) else [data]


def _type(found):
    """The type that is stored for what Arrow found, None for what has no place in a dataset."""
    if kinds.is_integer(found):
        return pa.int64()
    if kinds.is_floating(found) or kinds.is_decimal(found):
        return pa.float64()
    if kinds.is_boolean(found):
        return pa.bool_()
    if kinds.is_date(found):
        return pa.date32()
    if kinds.is_timestamp(found):
        return pa.timestamp("us", "UTC" if found.tz else None)
    if kinds.is_string(found) or kinds.is_large_string(found) or kinds.is_string_view(found) or kinds.is_time(found) or kinds.is_null(found):
        return pa.large_string()
    return None


_FIRST = {"s": -62135596800, "ms": -62135596800 * 10**3, "us": -62135596800 * 10**6}  # the year 1
_LAST = {"s": 253402300799, "ms": 253402300799 * 10**3 + 999, "us": 253402300799 * 10**6 + 999999}  # the year 9999


def _check_range(data):
    """Dates and times end with the year 9999; nanoseconds cannot leave it."""
    import pyarrow.compute as pc

    if kinds.is_date(data.type):
        unit, data = "s", data.cast(pa.timestamp("s"))
    elif kinds.is_timestamp(data.type) and data.type.unit != "ns":
        unit = data.type.unit
    else:
        return
    ends = pc.min_max(data.cast(pa.int64()))
    first, last = ends["min"].as_py(), ends["max"].as_py()
    if first is not None and not _FIRST[unit] <= first <= last <= _LAST[unit]:
        raise ValueError("the years 1 to 9999 are possible")


def _shown(value):
    """What an author may read of a name or of an error, even where its __str__ fails."""
    try:
        text = str(value)
    except Exception:  # noqa: BLE001
        text = type(value).__name__
    return text[:200]

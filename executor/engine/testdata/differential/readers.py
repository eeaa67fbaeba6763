"""Reads the CSV files that are described on stdin with Python's csv module and with pandas,
and the Parquet files that Karuta made of them with pyarrow. Writes on stdout what each found:
the names of the columns and the rows, as text in Karuta's canonical form.
"""

import csv
import datetime
import io
import json
import math
import re
import sys

import pandas
import pyarrow.parquet

NULLS = ["", "NULL", "null", "NA", "N/A"]
UTC = datetime.timezone.utc
DAY = re.compile(r"(\d{4})(?:-(\d\d?)-|/(\d\d?)/|年(\d\d?)月)(\d\d?)日?")
CLOCK = re.compile(r"(\d\d?):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d(?::?\d\d)?)?")
csv.field_size_limit(1 << 30)


def text_of(file):
    """The file's characters, without the lines to pass over."""
    with open(file["path"], encoding=file["codec"], newline="") as f:
        text = f.read()
    for _ in range(file["options"].get("skipRows", 0)):
        text = text[re.search(r"\r\n|\r|\n", text).end():]
    return text


def with_csv(file):
    rows = [r for r in csv.reader(io.StringIO(text_of(file), newline=""), delimiter=file["separator"]) if r]
    names = rows.pop(0) if file["options"].get("header", True) else None
    nulls = file["options"].get("nullValues", NULLS)
    for row in rows:
        if file["types"] and len(row) == len(file["types"]):
            row[:] = [None if v in nulls else converted(v, of) for v, of in zip(row, file["types"])]
    return in_order(file, names, rows)


def converted(text, of):
    """The value as Python reads it who knows its type."""
    match of:
        case "int64":
            return canonical(int(text))
        case "float64":
            return canonical(float(text))
        case "bool":
            return {"true": "true", "false": "false"}[text.lower()]
        case "date":
            return canonical(day(DAY.fullmatch(text)))
        case "datetime" | "zoned":
            return canonical(moment(text))
    return text


def day(m):
    return datetime.date(int(m[1]), int(m[2] or m[3] or m[4]), int(m[5]))


def moment(text):
    m = DAY.match(text)
    d, clock = day(m), CLOCK.fullmatch(text[m.end() + 1:] or "0:00")
    micro = int((clock[4] or "").ljust(6, "0")[:6])
    at = datetime.datetime(d.year, d.month, d.day, int(clock[1]), int(clock[2]), int(clock[3] or 0), micro)
    if not clock[5]:
        return at
    zone = clock[5].replace("Z", "+00")
    hours, minutes = int(zone[1:3]), int(zone[3:].strip(":") or 0)
    ahead = datetime.timedelta(hours=hours, minutes=minutes)
    return (at - ahead if zone[0] == "+" else at + ahead).replace(tzinfo=UTC)


def canonical(value):
    """The value as Karuta's rows show it."""
    if value is None or value is pandas.NA or value is pandas.NaT or isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, datetime.datetime):
        fraction = f".{value.microsecond:06}".rstrip("0") if value.microsecond else ""
        joint, zone = ("T", "Z") if value.tzinfo else (" ", "")
        return f"{value.year:04}-{value.month:02}-{value.day:02}{joint}{value:%H:%M:%S}{fraction}{zone}"
    if isinstance(value, datetime.date):
        return f"{value.year:04}-{value.month:02}-{value.day:02}"
    return str(value).lower() if str(value) in ("True", "False") and not isinstance(value, str) else str(value)


def in_order(file, names, rows):
    by = file["options"].get("sortColumn")
    if by:
        i, number = names.index(by), file["types"][names.index(by)] == "int64"
        rows = sorted(rows, key=lambda r: (r[i] is None, (int(r[i]) if number else r[i]) if r[i] is not None else 0))
    return names, rows


DTYPES = {"int64": "Int64", "float64": "float64", "bool": "boolean"}


def with_pandas(file):
    text = dict(
        filepath_or_buffer=file["path"], sep=file["separator"], encoding=file["codec"],
        header=0 if file["options"].get("header", True) else None, skiprows=file["options"].get("skipRows", 0),
    )
    if not file["pandasNulls"]:
        text |= dict(keep_default_na=False, na_values=file["options"].get("nullValues", NULLS))
    names = pandas.read_csv(nrows=0, **text).columns.tolist()
    if len(names) != len(file["types"]):
        return names, rows_of(pandas.read_csv(dtype="str", **text))
    dtypes = {n: DTYPES.get(t, "str") for n, t in zip(names, file["types"])}
    table = pandas.read_csv(dtype=dtypes, **text)
    columns = [list(with_dates(table.iloc[:, i], of)) for i, of in enumerate(file["types"])]
    return in_order(file, names, [[canonical(v) for v in row] for row in zip(*columns)])


def with_dates(column, of):
    """pandas has no dtype for dates."""
    if of not in ("date", "datetime", "zoned"):
        return column
    times = pandas.to_datetime(column, format="mixed", utc=of == "zoned")
    return times.dt.date if of == "date" else times.dt.to_pydatetime()


def rows_of(table):
    return [[canonical(v) for v in row] for row in table.itertuples(index=False)]


def with_pyarrow(file):
    table = pyarrow.parquet.ParquetFile(file["parts"][0]).read()
    assert len(file["parts"]) == 1
    return table.column_names, [[canonical(v) for v in row] for row in zip(*[c.to_pylist() for c in table.columns])]


def result(read, file):
    try:
        names, rows = read(file)
    except Exception as e:
        return {"error": type(e).__name__}
    return {"names": names if file["options"].get("header", True) else None, "rows": rows}


READERS = {"csv": with_csv, "pandas": with_pandas, "pyarrow": with_pyarrow}
json.dump([
    {name: result(read, file) for name, read in READERS.items() if file["parts"] or name != "pyarrow"}
    for file in json.load(sys.stdin)
], sys.stdout)

"""Loads and exercises everything that cards use, before the first fork.

A run can neither start late (a first chart costs 150 ms) nor load machine code
late (the sandbox allows no new executable memory), so all of it happens here.
The zygote must stay single-threaded: a fork copies one thread only, and a lock
that another held would stay locked for ever.
"""

import functools
import importlib
import io
import os
import tempfile
import warnings
import zoneinfo
from pathlib import Path

# Extension modules that start threads, need devices or are for tests alone.
_LEFT_OUT = ("test", "_flight", "_s3fs", "_gcsfs", "_azurefs", "_hdfs", "_cuda", "_tkinter", "_tkagg", "xx", "nis", "_macosx")


def up(prefix):
    """Warms up; raises RuntimeError when a step leaves a second thread behind."""
    warnings.simplefilter("ignore")
    steps = [_arrow, _libraries, lambda: _extensions(prefix), _pandas, lambda: _fonts(prefix), _matplotlib, _plotly, _zones, _habits]
    for number, step in enumerate(steps, 1):
        step()
        threads = len(os.listdir("/proc/self/task"))
        if threads != 1:
            raise RuntimeError(f"warm-up step {number} left {threads} threads")
    warnings.resetwarnings()
    warnings.simplefilter("default")


def _arrow():
    import pyarrow as pa

    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    pa.enable_signal_handlers(False)  # its handlers need a pipe


def _libraries():
    for name in (
        "pandas numpy pyarrow.compute pyarrow.csv pyarrow.dataset pyarrow.parquet plotly.express plotly.graph_objects "
        "plotly.subplots plotly.figure_factory seaborn jinja2 dateutil.relativedelta concurrent.futures.thread "
        "statistics decimal fractions html base64 sqlite3 zoneinfo tempfile textwrap string calendar locale "
        "unicodedata urllib.request http.client subprocess csv xml.etree.ElementTree asyncio logging uuid secrets "
        "encodings.cp932 encodings.shift_jis encodings.euc_jp encodings.idna encodings.utf_16"
    ).split():
        importlib.import_module(name)


def _extensions(prefix):
    """Imports every extension module of the tree: none can be mapped later."""
    stdlib = Path(prefix, "lib", "python3.11")
    for top in (stdlib / "lib-dynload", stdlib / "site-packages"):
        for file in sorted(top.rglob("*.so")):
            name = ".".join([*file.relative_to(top).parts[:-1], file.name.partition(".")[0]])
            if not any(word in name for word in _LEFT_OUT):
                try:
                    importlib.import_module(name)
                except Exception:  # noqa: BLE001, S110  an optional part whose needs are not installed
                    pass


def _pandas():
    import pandas as pd
    import pyarrow as pa

    table = pa.table({"k": ["a", "b", "a"], "n": [1, 2, None], "t": pa.array([0, 1, 2], pa.timestamp("us"))})
    frame = table.to_pandas(split_blocks=True, date_as_object=False, use_threads=False)
    frame = pd.concat([frame, frame.assign(k="c")], ignore_index=True)
    frame.merge(frame.groupby("k", as_index=False).agg(s=("n", "sum")), on="k").sort_values("s").to_html()
    frame.pivot_table(index="k", columns="n", values="t", aggfunc="count").to_html()
    frame.set_index("t").resample("D")["n"].mean().rolling(2).sum().to_frame().describe().to_html()
    frame["t"].dt.tz_localize("Asia/Tokyo").dt.strftime("%Y-%m")
    frame["k"].str.upper().astype("category").value_counts()
    frame.style.format(precision=1).background_gradient(subset=["n"]).bar(subset=["n"]).to_html()
    frame.query("n > 1").eval("m = n + 1").to_json()
    pd.read_csv(io.StringIO(frame.to_csv()))
    buffer = io.BytesIO()
    frame.to_parquet(buffer)


def _fonts(prefix):
    """Only fonts inside the Python folder count, and Japanese text has one in every style."""
    import dataclasses

    import matplotlib

    matplotlib.get_cachedir = lambda: os.path.join(prefix, "share", "matplotlib")  # built when Python was installed
    from matplotlib import font_manager, rcParams

    fonts = font_manager.fontManager
    fonts.ttflist = [font for font in fonts.ttflist if font.fname.startswith(prefix)]
    packages = os.path.join(prefix, "lib", "python3.11", "site-packages")
    fonts.addfont(os.path.join(packages, "matplotlib_fontja", "fonts", "ipaexg.ttf"))
    # seaborn's styles ask for Arial; under this name Japanese works there too
    fonts.ttflist.append(dataclasses.replace(fonts.ttflist[-1], name="Arial"))
    rcParams["font.family"] = ["DejaVu Sans", "IPAexGothic"]  # the second for glyphs that the first lacks


def _matplotlib():
    import matplotlib.pyplot as plt
    import mpl_toolkits.mplot3d  # noqa: F401
    import numpy as np
    import PIL.Image
    import seaborn as sns
    from matplotlib import font_manager

    PIL.Image.init()
    for kind in ("png", "svg", "pdf"):
        figure, axes = plt.subplots()
        axes.bar(["a", "日本"], [1, 2], label="x")
        axes.plot([0, 1], [1, 2])
        axes.set_title("売上")
        axes.set_xlabel("$x^2$")
        axes.legend()
        figure.savefig(io.BytesIO(), format=kind)
    sns.heatmap(np.eye(3), annot=True)
    sns.lineplot(x=[1, 2, 3], y=[1, 2, 3])
    plt.gcf().savefig(io.BytesIO())
    plt.close("all")
    font_manager._get_font.cache_clear()  # matplotlib closes the fonts in each child, one after the other
    matplotlib = importlib.import_module("matplotlib")
    matplotlib.rcParams["figure.max_open_warning"] = 0


def _plotly():
    import pandas as pd
    import plotly.express as px
    import plotly.graph_objects as go
    from plotly.basedatatypes import BaseTraceType

    frame = pd.DataFrame({"x": ["a", "b"], "y": [1, 2]})
    for chart in (px.bar, px.line, px.scatter, px.histogram, px.box, px.area):
        chart(frame, x="x", y="y", color="x", title="t").to_html(include_plotlyjs=False, full_html=False)
    px.pie(frame, names="x", values="y").to_html(include_plotlyjs=False, full_html=False)
    for name in dir(go):
        kind = getattr(go, name)
        if isinstance(kind, type) and issubclass(kind, BaseTraceType):
            go.Figure(kind()).update_layout(title="t", xaxis_title="x").to_json()


def _zones():
    """Time zones come from the tzdata package; Arrow reads the machine's files, which no run can open."""
    import pyarrow as pa
    import pyarrow.compute as pc

    zoneinfo.reset_tzpath(to=[])
    moment = pa.array([0], pa.timestamp("s"))
    for name in ["Asia/Tokyo", *sorted(zoneinfo.available_timezones())]:
        try:
            pc.assume_timezone(moment, name)
        except pa.ArrowInvalid:
            if name == "Asia/Tokyo":  # a machine without time zones: a changed root has those of tzdata
                return


def _habits():
    """Makes what people usually write work here."""
    import plotly.io

    original = plotly.io.to_html

    @functools.wraps(original)
    def to_html(figure, *arguments, **options):
        """The page of a card brings plotly.js along: without it a chart is 10 KB and not 5 MB."""
        if not arguments:
            options = {"full_html": False, **options, "include_plotlyjs": False}
        return original(figure, *arguments, **options)

    plotly.io.to_html = to_html
    tempfile.tempdir = "/tmp"  # nothing can be written there: the error then says so
    tempfile.TemporaryFile = functools.partial(tempfile.SpooledTemporaryFile, 0)  # stays in memory

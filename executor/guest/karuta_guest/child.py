"""One run, from the fork to the end of the process."""

import gc
import mmap
import os
import signal
import time

import pyarrow as pa

from . import card
from .frames import Answer

RESULT = 3  # descriptor of the answer's pipe, inside of the sandbox


def run(sandbox, job, request, result, log, data=-1):
    """Runs the card that the request describes. Does not return."""
    os.setsid()
    order = _whole(request)  # read, not parsed: that comes behind the sandbox
    view = mmap.mmap(data, job.input, mmap.MAP_SHARED, mmap.PROT_READ) if job.input else None
    os.dup2(result, RESULT)
    os.dup2(log, 1)
    os.dup2(log, 2)
    signal.signal(signal.SIGALRM, signal.SIG_IGN)  # until the card itself runs
    signal.setitimer(signal.ITIMER_REAL, job.alarm / 1000)
    sandbox.enter(job)
    gc.enable()
    gc.set_threshold(50_000, 20, 20)
    answer = Answer(RESULT)
    try:
        began = time.perf_counter()
        frame, _keep = _dataset(view)
        answer.started(len(frame), (time.perf_counter() - began) * 1000)
        card.run(order, frame, answer)
    except MemoryError:
        answer.out_of_memory()
    os._exit(0)


def _whole(descriptor):
    size = os.fstat(descriptor).st_size
    return os.pread(descriptor, size, 0) if size else b""


def _dataset(view):
    """The DataFrame of a run, on top of the mapped Arrow data without copies.

    The second reference makes pandas copy a column when the card first writes to
    it; a frame that is the only owner would try to write to the read-only pages.
    """
    if view is None:
        table = pa.table({})
    else:
        table = pa.ipc.open_file(pa.py_buffer(view)).read_all()
    base = table.to_pandas(split_blocks=True, date_as_object=False, use_threads=False)
    return base.copy(deep=False), base

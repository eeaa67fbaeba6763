"""One run, from the fork to the end of the process."""

import gc
import mmap
import os
import signal
import time

from . import card, dataset, transform
from .frames import Answer

RESULT = 3  # descriptor of the answer's pipe, inside of the sandbox
TABLE = 4  # of the file for a transform's table

CARD, TRANSFORM = 0, 1  # kinds of runs, as in supervisor/control.go


def run(sandbox, job, request, result, log, *more):
    """Runs what the request describes. Does not return.

    A transform has a file for its table, then the data of its inputs; a card has the data of its dataset alone.
    """
    os.setsid()
    order = _whole(request)  # read, not parsed: that comes behind the sandbox
    kept = TABLE if job.kind == TRANSFORM else RESULT
    data = more[1:] if job.kind == TRANSFORM else more
    views = [mmap.mmap(each, os.fstat(each).st_size, mmap.MAP_SHARED, mmap.PROT_READ) for each in data]
    os.dup2(result, RESULT)
    if job.kind == TRANSFORM:
        os.dup2(more[0], TABLE)
    os.dup2(log, 1)
    os.dup2(log, 2)
    signal.signal(signal.SIGALRM, signal.SIG_IGN)  # until the code itself runs
    signal.setitimer(signal.ITIMER_REAL, job.alarm / 1000)
    sandbox.enter(job, kept)
    gc.enable()
    gc.set_threshold(50_000, 20, 20)
    answer = Answer(RESULT)
    try:
        began = time.perf_counter()
        tables = [dataset.table(view) for view in views]
        frames = [dataset.frame(table) for table in tables if job.kind == TRANSFORM]
        answer.started(sum(table.num_rows for table in tables), (time.perf_counter() - began) * 1000)
        if job.kind == TRANSFORM:
            transform.run(order, frames, TABLE, job.table, answer)
        else:
            card.run(order, tables, answer)
    except MemoryError:
        answer.out_of_memory()
    os._exit(0)


def _whole(descriptor):
    size = os.fstat(descriptor).st_size
    return os.pread(descriptor, size, 0) if size else b""

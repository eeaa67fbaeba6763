"""The zygote: a warm interpreter that does nothing but fork.

It takes numbers and file descriptors from the supervisor, hands the descriptors
to a fresh child without reading them, and reports how the child ended.
"""

import gc
import os
import select
import socket
import struct
import sys
from typing import NamedTuple

CONTROL, ARCHIVE, PROGRAM = 3, 4, 5  # descriptors that the supervisor hands over

# Messages, as in supervisor/control.go.
JOB = struct.Struct("<QIIIIqqqqqq")
DESCRIPTORS = 64  # that come with a job at most
REPORT = struct.Struct("<IQqqq")
READY, FORKED, EXITED, FAILED = 1, 2, 3, 4

SETUP_FAILED = 99  # exit status of a child that could not enter the sandbox
BLOCK = 479  # a bytes object of the largest size that Python itself keeps in arenas: 512 bytes
OBJECT_MEMORY = 80 << 20  # about what the warm-up takes in such objects
POOL = 16 << 10  # bytes that Python takes at a time for small objects of one size
MOST_BATCHES = 128  # of a pool's objects, to fill holes of one size
CAP_SETGID, CAP_SETUID, CAP_SYS_CHROOT = 6, 7, 18


class Job(NamedTuple):
    run: int
    kind: int  # what the run is, see child.py
    user: int  # that the child becomes
    layers: int  # that the child must enter, see sandbox.py
    nice: int  # how much others come first
    memory: int  # bytes on top of the input
    input: int  # bytes of Arrow data, 0 for none
    cpu: int  # seconds of processor time
    alarm: int  # milliseconds until the code is asked where it is
    file: int  # bytes that a file which the child writes may have
    table: int  # bytes of a transform's table


class Zygote:
    def __init__(self, control, sandbox):
        self.control = control
        self.sandbox = sandbox
        self.children = {}  # pidfd to (run, pid)
        self.poller = select.poll()
        self.poller.register(control.fileno(), select.POLLIN)

    def serve(self):
        """Forks on demand until the supervisor closes its end."""
        while True:
            for descriptor, _ in self.poller.poll():
                if descriptor in self.children:
                    self._reap(descriptor)
                elif not self._accept():
                    return

    def _accept(self):
        message, descriptors, _, _ = socket.recv_fds(self.control, JOB.size, DESCRIPTORS, socket.MSG_CMSG_CLOEXEC)
        if not message:
            return False
        try:
            self._fork(Job._make(JOB.unpack(message)), descriptors)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        return True

    def _fork(self, job, descriptors):
        try:
            pid = os.fork()
        except OSError as error:
            self._report(FAILED, job.run, error.errno)
            return
        if pid == 0:
            _be_child(self.sandbox, job, descriptors)
        handle = os.pidfd_open(pid)
        self.children[handle] = (job.run, pid)
        self.poller.register(handle, select.POLLIN)
        self._report(FORKED, job.run, pid, handle=handle)

    def _reap(self, handle):
        run, pid = self.children.pop(handle)
        self.poller.unregister(handle)
        os.close(handle)
        _, status, usage = os.wait4(pid, 0)
        self._report(EXITED, run, status, usage.ru_maxrss)

    def _report(self, kind, run, first=0, second=0, third=0, handle=None):
        message = REPORT.pack(kind, run, first, second, third)
        socket.send_fds(self.control, [message], [] if handle is None else [handle])


def _be_child(sandbox, job, descriptors):
    """Never returns, whatever happens: a child must not come back into the loop."""
    try:
        from . import child

        child.run(sandbox, job, *descriptors)
    except BaseException as error:  # noqa: BLE001
        os.write(2, f"child: {type(error).__name__}: {error}\n".encode(errors="replace"))
    finally:
        os._exit(SETUP_FAILED)


def _privileged():
    """Whether the zygote may change its root and its user."""
    with open("/proc/self/status", encoding="ascii", errors="replace") as status:
        effective = next(int(line.split()[1], 16) for line in status if line.startswith("CapEff"))
    return all(effective >> bit & 1 for bit in (CAP_SETGID, CAP_SETUID, CAP_SYS_CHROOT))


def _check_link(prefix):
    """After a change of the root, paths that modules remember lead through a link to the root itself."""
    if os.path.realpath(prefix + prefix) != prefix:
        raise RuntimeError(f"{prefix} was moved: run tools/python/install.sh for it again")


def _be_first_to_go():
    """When memory is short the kernel ends runs, which inherit this, before anything else."""
    with open("/proc/self/oom_score_adj", "w", encoding="ascii") as score:
        score.write("1000")


def _gather_objects():
    """Lets Python take the memory of its small objects in one region, which huge pages can then back.

    It takes an arena of 1 MiB at a time wherever the kernel has room, between the libraries. One small object in each keeps
    it from being given back; the warm-up fills the rest.
    """
    blocks = [bytes(BLOCK) for _ in range(OBJECT_MEMORY // 512)]
    return blocks[:: (1 << 20) // 512 - 128]


def _fill_holes():
    """Takes the room that is left between Python's small objects, so that what is made from now on lies together.

    A write to a huge page that a run shares ends that page: the zygote should write to few of them.
    """
    held = []
    for size in range(16, 513, 16):  # all that Python keeps in pools
        batches, together = [], 0
        while together < 4 and len(batches) < MOST_BATCHES:
            batches.append([_block(size) for _ in range(POOL // size)])
            together = together + 1 if len({id(block) // POOL for block in batches[-1]}) <= 3 else 0
        held += batches[: len(batches) - together]
    return held


def _block(size):
    """An object that takes so many bytes."""
    if size > 33:
        return bytes(size - 33)
    return float(size) if size > 16 else object()


def main():
    arenas = _gather_objects()  # noqa: F841  held for as long as the process lives
    prefix = os.path.dirname(os.path.dirname(os.path.realpath(sys.executable)))
    sys.path.append(os.path.join(prefix, "lib", "python3.11", "site-packages"))
    from . import child, linux, warm  # noqa: F401  (child: so that no run imports it)
    from .sandbox import Sandbox

    rooms = sys.argv[1] if len(sys.argv) > 1 else None  # folder with the folders in which runs may write
    del sys.argv[1:]
    program = os.pread(PROGRAM, os.fstat(PROGRAM).st_size, 0)  # the next zygote reads the same file
    privileged = _privileged()
    if privileged:
        _check_link(prefix)
    _be_first_to_go()
    warm.up(prefix)
    sys.path.remove(f"/proc/self/fd/{ARCHIVE}")
    sandbox = Sandbox(prefix, program, rooms)
    linux.prctl(linux.PR_SET_DUMPABLE, 0)
    gc.collect()
    holes = _fill_holes()  # noqa: F841  held for as long as the process lives
    gc.freeze()
    gc.disable()
    linux.map_large_blocks()
    linux.use_huge_pages()
    linux.forget_files()
    zygote = Zygote(socket.socket(fileno=CONTROL), sandbox)
    zygote._report(READY, 0, sandbox.abi, int(privileged))
    zygote.serve()
    os._exit(0)

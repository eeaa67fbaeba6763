"""The attacks that the supervisor runs at start, as a card like any other.

Each attack returns when it succeeds and raises when it is refused. The answer
names, by layer, those that succeeded. The targets are a listener on loopback and
a file in a folder of the supervisor's own.
"""

import builtins
import ctypes
import errno
import json
import mmap
import os
import resource
import socket

import pandas

C = ctypes.CDLL(None, use_errno=True)


def call(name, *arguments):
    if getattr(C, name)(*arguments) == -1:
        raise OSError(ctypes.get_errno())


def reaches_kernel(name, *arguments):
    """With arguments that cannot succeed: any error but EPERM means that the call was let through."""
    if getattr(C, name)(*arguments) == -1 and ctypes.get_errno() == errno.EPERM:
        raise PermissionError


def fork():
    if os.fork() == 0:
        os._exit(0)


def anonymous(flags, protection, size=4096):
    mmap.mmap(-1, size, flags | mmap.MAP_ANONYMOUS, protection)


def write(path):
    with open(path, "w") as file:
        file.write("x")


def read(path):
    with open(path, "rb") as file:
        file.read(1)


def present(value):
    if not value:
        raise LookupError


def unlimited(kind):
    if resource.getrlimit(kind)[1] != resource.RLIM_INFINITY:
        raise LookupError


READ, WRITE, EXECUTE = mmap.PROT_READ, mmap.PROT_WRITE, mmap.PROT_EXEC


def attacks(params):
    yield "process", "state of another run", lambda: present(hasattr(builtins, "left_by_a_run"))
    yield "process", "patched library", lambda: present(pandas.DataFrame.to_html is None)
    yield "syscalls", "tcp", lambda: socket.create_connection(("127.0.0.1", params["port"]), 1)
    yield "syscalls", "socket", lambda: socket.socket(socket.AF_UNIX)
    yield "syscalls", "udp", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    yield "syscalls", "fork", fork
    yield "syscalls", "exec", lambda: reaches_kernel("execve", b"/does/not/exist", None, None)
    yield "syscalls", "signal", lambda: os.kill(os.getppid(), 0)
    yield "syscalls", "ptrace", lambda: reaches_kernel("ptrace", 17, 0, 0, 0)
    yield "syscalls", "dumpable", lambda: call("prctl", 4, 1, 0, 0, 0)
    yield "syscalls", "namespace", lambda: call("unshare", 0x10000000)
    yield "syscalls", "executable memory", lambda: anonymous(mmap.MAP_PRIVATE, READ | WRITE | EXECUTE)
    yield "syscalls", "shared memory", lambda: anonymous(mmap.MAP_SHARED, READ | WRITE)
    yield "syscalls", "memory file", lambda: os.memfd_create("x")
    yield "syscalls", "io_uring", lambda: reaches_kernel("syscall", 425, 0, 0)
    yield "files", "secret", lambda: read(params["secret"])
    yield "files", "users", lambda: read("/etc/passwd")
    yield "files", "environment file", lambda: read("/proc/self/environ")
    yield "files", "list", lambda: os.listdir(os.path.dirname(params["secret"]))
    yield "files", "write", lambda: write(params["secret"] + ".new")
    yield "files", "environment", lambda: present(os.environ)
    yield "user", "root", lambda: present(os.getuid() == 0 or os.getgid() == 0)
    yield "user", "supervisor's user", lambda: present(os.getuid() == params["uid"])
    yield "user", "become root", lambda: os.setuid(0)
    for kind in ("DATA", "AS", "CPU", "NOFILE", "FSIZE", "CORE"):
        yield "limits", kind, lambda kind=kind: unlimited(getattr(resource, "RLIMIT_" + kind))
    yield "limits", "memory", lambda: anonymous(mmap.MAP_PRIVATE, READ | WRITE, params["memory"])


def render(dataset, filters, params):
    succeeded = {}
    for layer, name, attack in attacks(params):
        found = succeeded.setdefault(layer, [])
        try:
            attack()
        except Exception:
            continue
        found.append(name)
    builtins.left_by_a_run = True
    pandas.DataFrame.to_html = None
    return json.dumps(succeeded)

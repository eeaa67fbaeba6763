"""Runs attacks as a card would and says how each ended: by name, what it raised or what it got hold of."""

import ctypes
import errno
import gc
import json
import mmap
import os
import signal
import socket
import struct
import sys
import threading
import time

C = ctypes.CDLL(None, use_errno=True)
C.syscall.restype = ctypes.c_long
C.sbrk.restype = ctypes.c_void_p
C.mmap.restype = ctypes.c_void_p

PAGE = 4096
WINDOW = bytearray(4 << 20)  # through which memory is looked at
P = None  # the test's parameters: where its canaries are, and the numbers of the system calls


def checked(value):
    if value == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return value


def call(name, *arguments):
    """A raw system call by its name or number; six arguments, 0 where none is given."""
    number = P["calls"].get(name, -1) if isinstance(name, str) else name
    if number < 0:
        raise NotImplementedError  # this architecture does not have it
    filled = [*arguments, 0, 0, 0, 0, 0, 0][:6]
    return checked(C.syscall(ctypes.c_long(number), *[ctypes.c_long(a) if isinstance(a, int) else a for a in filled]))


def mapped(address):
    """Whether there is readable memory: the kernel says EFAULT where there is none."""
    ctypes.set_errno(0)
    C.access(ctypes.c_void_p(address), 0)
    return ctypes.get_errno() != errno.EFAULT


def extent(address, most=1 << 29):
    """The readable memory around an address."""
    start = end = address & -PAGE
    while end - start < most and mapped(start - PAGE):
        start -= PAGE
    while end - start < most and mapped(end):
        end += PAGE
    return start, end


def memory():
    """The heap, where the objects of the modules lie, and the stack with what the process was started with."""
    known = [C.sbrk(0) - PAGE, ctypes.c_void_p.in_dll(C, "program_invocation_name").value]
    for module in list(sys.modules.values()):
        known += [id(module), *map(id, list(vars(module).values())[:50])]
    known += map(id, gc.get_objects())
    found, after = [], 0
    for address in sorted(set(known)):
        if address >= after and mapped(address):
            start, after = extent(address)
            found.append((start, after))
    return found


def holds_canary(start, end):
    """Looks for the canary, of which the two halves are known: written out here it would find itself."""
    first, second = P["canary"][0].encode(), P["canary"][1].encode()
    for address in range(start, end, len(WINDOW) - 64):
        size = min(len(WINDOW), end - address)
        ctypes.memmove(ctypes.addressof(ctypes.c_char.from_buffer(WINDOW)), address, size)
        at = WINDOW.find(first, 0, size)
        while at >= 0:
            if WINDOW.startswith(second, at + len(first)):
                return True
            at = WINDOW.find(first, at + 1, size)
    return False


def outcome(attack, dataset):
    try:
        return "got " + str(attack(dataset))[:300]
    except NotImplementedError:
        return "absent"
    except MemoryError:
        return "MemoryError"
    except BaseException as error:  # noqa: BLE001  whatever it is, it is the outcome
        while isinstance(getattr(error, "reason", None), BaseException):
            error = error.reason
        number = getattr(error, "errno", None)
        return errno.errorcode.get(number, type(error).__name__)


def render(dataset, filters, params):
    global P
    P = params
    return json.dumps({name: outcome(attack, dataset) for name, attack in ATTACKS.items()})


ATTACKS = {}

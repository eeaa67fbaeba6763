"""The few system calls that Python's standard library does not offer."""

import ctypes
import os

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_SECCOMP = 22
PR_SET_NO_NEW_PRIVS = 38
SECCOMP_MODE_FILTER = 2

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3  # malloc.h
MALLOC_DEFAULT = 128 << 10

MADV_DONTNEED = 4
MADV_COLLAPSE = 25
HUGE_PAGE = 2 << 20

SYS_CLOSE_RANGE = 436  # numbers from 424 on are the same on every architecture
SYS_LANDLOCK_CREATE_RULESET = 444
SYS_LANDLOCK_ADD_RULE = 445
SYS_LANDLOCK_RESTRICT_SELF = 446


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


# ctypes needs executable memory for its first callback, which a run may not
# map; one that lives here lets libraries make theirs.
_callback = ctypes.CFUNCTYPE(None)(lambda: None)


def _checked(value):
    if value < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return value


def prctl(option, argument, third=0):
    _checked(_libc.prctl(option, ctypes.c_ulong(argument), ctypes.c_ulong(third), 0, 0))


def syscall(number, *arguments):
    return _checked(_libc.syscall(number, *arguments))


def close_from(first):
    """Closes every file descriptor from first on."""
    syscall(SYS_CLOSE_RANGE, ctypes.c_uint(first), ctypes.c_uint(0xFFFFFFFF), 0)


def install_filter(program):
    """Installs a seccomp program (8 bytes an instruction) for this process."""
    code = ctypes.create_string_buffer(bytes(program), len(program))
    head = _Program(len(program) // 8, ctypes.addressof(code))
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(head))


def map_large_blocks():
    """Ends the setting of the zygote's environment by which malloc keeps all in one region: what a run frees goes back."""
    for option in (M_MMAP_THRESHOLD, M_TRIM_THRESHOLD, M_TOP_PAD):
        _libc.mallopt(option, MALLOC_DEFAULT)


def forget_files():
    """Lets go of the mapped pages of libraries: a fork never inherits them, so here they only take memory.

    A mapping in which something was written, as the loader does, is left alone: what was written would be lost.
    """
    start = end = 0
    with open("/proc/self/smaps", encoding="utf-8", errors="surrogateescape") as smaps:
        for line in smaps.read().splitlines():
            words = line.split()
            if not words[0].endswith(":"):
                from_file = len(words) > 5 and words[5].startswith("/") and "w" not in words[1]
                start, end = (int(address, 16) for address in words[0].split("-")) if from_file else (0, 0)
            elif words[0] == "Anonymous:" and words[1] == "0" and start:
                _libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), MADV_DONTNEED)


def use_huge_pages():
    """Puts private memory into huge pages: a fork then copies far smaller page tables. Kernels before 6.1 refuse."""
    with open("/proc/self/maps", encoding="ascii", errors="replace") as maps:
        areas = [line.split() for line in maps]
    for area in areas:
        if area[1] == "rw-p" and (len(area) == 5 or area[5] == "[heap]"):
            start, end = (int(address, 16) for address in area[0].split("-"))
            for page in range(-(-start // HUGE_PAGE) * HUGE_PAGE, end - HUGE_PAGE + 1, HUGE_PAGE):
                _libc.madvise(ctypes.c_void_p(page), ctypes.c_size_t(HUGE_PAGE), MADV_COLLAPSE)

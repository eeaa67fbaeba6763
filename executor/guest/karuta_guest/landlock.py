"""Landlock: files outside of the Python folder cannot be opened."""

import ctypes
import os
import struct

from . import linux

READ = 0b1100  # read files, list folders
# Write, remove and make files and folders, move them (ABI 2) and cut them (ABI 3).
WRITE = 1 << 1 | 1 << 4 | 1 << 5 | 1 << 7 | 1 << 8 | 1 << 13 | 1 << 14
_FILES_BY_ABI = {1: 13, 2: 14, 3: 15, 4: 15}  # number of file rights; 16 from ABI 5 on
_NET_TCP = 0b11
_SCOPES = 0b11  # abstract sockets, signals


def version():
    """The kernel's Landlock ABI, 0 where there is none."""
    try:
        return linux.syscall(linux.SYS_LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), 1)
    except OSError:
        return 0


def ruleset(abi, folders, room=None):
    """A ruleset that lets the folders be read, the room be written to and nothing else; its descriptor."""
    files = (1 << _FILES_BY_ABI.get(abi, 16)) - 1
    head = struct.pack("<QQQ", files, _NET_TCP if abi >= 4 else 0, _SCOPES if abi >= 6 else 0)
    size = 24 if abi >= 6 else 16 if abi >= 4 else 8
    rules = linux.syscall(linux.SYS_LANDLOCK_CREATE_RULESET, head, ctypes.c_size_t(size), 0)
    os.set_inheritable(rules, False)
    for folder in folders:
        _allow(rules, folder, READ)
    if room is not None:
        _allow(rules, room, (READ | WRITE) & files)
    return rules


def _allow(rules, folder, rights):
    beneath = os.open(folder, os.O_PATH | os.O_CLOEXEC)
    try:
        linux.syscall(linux.SYS_LANDLOCK_ADD_RULE, rules, 1, struct.pack("<Qi", rights, beneath), 0)
    finally:
        os.close(beneath)


def enter(rules):
    linux.syscall(linux.SYS_LANDLOCK_RESTRICT_SELF, rules, 0)

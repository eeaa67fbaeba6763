"""Puts a forked child behind the layers of the sandbox, one after the other.

Any error means that no code of a user runs: the caller ends the process.
"""

import os
import resource
import signal
import struct
import tempfile

from . import landlock, linux

# Layers, as in supervisor/layers.go. The supervisor decides which of them a
# child must enter; a child never leaves one out by itself.
SECCOMP = 1
CHROOT = 2
LANDLOCK = 4
OWN_USER = 8
LIMITS = 16

OWN_PID_MARK = struct.pack("<I", 0x4B415255)  # supervisor/seccomp.go

MB = 1 << 20


class Sandbox:
    """What the zygote prepares once and each child enters."""

    def __init__(self, prefix, program, rooms):
        self.program = program
        self.prefix = prefix
        self.rooms = rooms  # the folder with a folder for each user, in which its run may write; None for none
        self.root = os.open(prefix, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self.abi = landlock.version()
        self.folders = [os.path.join(prefix, name) for name in ("lib", "share", "usr")]
        self.rules = landlock.ruleset(self.abi, self.folders) if self.abi else -1
        self.zygote = os.getpid()
        self.base = _usage()

    def enter(self, job, last):
        """Goes behind the layers. Afterwards only descriptors up to the last are open."""
        os.nice(job.nice)
        linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
        room = self._room(job)
        if job.layers & LANDLOCK:
            landlock.enter(self.rules if room is None else landlock.ruleset(self.abi, self.folders, room))
        if job.layers & CHROOT:
            os.fchdir(self.root)
            os.chroot(".")
            room = room and room.removeprefix(self.prefix)
        linux.close_from(last + 1)
        if job.layers & CHROOT:
            os.chdir("/")
        if job.layers & LIMITS:
            self._limit(job)
        if job.layers & OWN_USER:
            os.setgroups([])
            os.setresgid(job.user, job.user, job.user)
            os.setresuid(job.user, job.user, job.user)
        if room is not None:
            os.chdir(room)
            tempfile.tempdir = room
        self._tie_to_zygote()
        os.environ.clear()
        if job.layers & SECCOMP:
            linux.install_filter(self.program.replace(OWN_PID_MARK, struct.pack("<I", os.getpid())))

    def _room(self, job):
        """The folder that the supervisor has made for the run to write in, None where there is none."""
        room = os.path.join(self.rooms, str(job.user)) if self.rooms else None
        return room if room and os.path.isdir(room) else None

    def _limit(self, job):
        size, data = self.base
        for kind, most in (
            (resource.RLIMIT_DATA, data + job.memory),
            (resource.RLIMIT_AS, size + job.memory + job.input + 256 * MB),
            (resource.RLIMIT_CPU, job.cpu),
            (resource.RLIMIT_FSIZE, job.file),
            (resource.RLIMIT_NOFILE, 128),
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_STACK, 8 * MB),
            (resource.RLIMIT_MEMLOCK, 0),
            (resource.RLIMIT_MSGQUEUE, 0),
        ):
            resource.setrlimit(kind, (most, most))
        if job.layers & OWN_USER:  # it counts all processes of a user
            resource.setrlimit(resource.RLIMIT_NPROC, (64, 64))

    def _tie_to_zygote(self):
        """Ends this process with the zygote and hides its memory; changing the user clears both."""
        linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
        linux.prctl(linux.PR_SET_DUMPABLE, 0)
        if os.getppid() != self.zygote:
            raise ProcessLookupError("the zygote is gone")


def _usage():
    """Bytes of address space and of data that the zygote has, which children inherit."""
    found = {}
    with open("/proc/self/status", encoding="ascii", errors="replace") as status:
        for line in status:
            name, _, value = line.partition(":")
            if name in ("VmSize", "VmData"):
                found[name] = int(value.split()[0]) << 10
    return found["VmSize"], found["VmData"]

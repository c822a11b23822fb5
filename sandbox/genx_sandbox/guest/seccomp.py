"""Write and install seccomp filters, by hand, since the standard library has none.

The zygote installs the large filter once: an allow-list. Every fork adds a small one that takes away
what only the zygote needs (new processes) and ties signals to itself. Unknown calls answer ENOSYS, so
that libc falls back; known but refused ones EPERM; another architecture's calls end the process.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct

from .syscalls import ARCHITECTURES, BASE, NEWEST_KNOWN, SLOW

_LOAD, _JUMP_EQ, _JUMP_GT, _JUMP_GE, _JUMP_SET, _RETURN = 0x20, 0x15, 0x25, 0x35, 0x45, 0x06
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16
_X32_BIT = 0x40000000
_CLONE_THREAD = 0x00010000
# CLONE_NEWTIME, NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
_CLONE_NEW = 0x80 | 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
_IOCTLS = (0x5401, 0x5413, 0x5421, 0x541B, 0x5450, 0x5451)  # TCGETS WINSZ FIONBIO FIONREAD FIONCLEX FIOCLEX
# PDEATHSIG (not for forks), GET and SET_DUMPABLE, SET and GET_NAME, NO_NEW_PRIVS
_PRCTLS = (1, 3, 4, 15, 16, 38)
_FAMILIES = (1, 2, 10)  # unix, inet, inet6: all of them end inside an empty network namespace
_SECCOMP_SET_MODE_FILTER = 1
_SECCOMP = {"x86_64": 317, "aarch64": 277}


def supported() -> bool:
    """Whether there is a table for this machine."""
    return platform.machine() in ARCHITECTURES


class _Program:
    """A straight line of instructions; every test jumps at most a few ahead, into its own block."""

    def __init__(self) -> None:
        arch, self._numbers = ARCHITECTURES[platform.machine()]
        self._code = [(_LOAD, 0, 0, _ARCH), (_JUMP_EQ, 1, 0, arch), (_RETURN, 0, 0, _KILL)]
        self._code += [(_LOAD, 0, 0, _NUMBER), (_JUMP_GE, 0, 1, _X32_BIT), (_RETURN, 0, 0, _KILL)]

    def allow(self, names: tuple[str, ...]) -> None:
        """Allow calls whatever their arguments; neighbours are tested as one range."""
        numbers = sorted({self._numbers[name] for name in names if name in self._numbers})
        ranges: list[list[int]] = []
        for number in numbers:
            if ranges and number == ranges[-1][1] + 1:
                ranges[-1][1] = number
            else:
                ranges.append([number, number])
        for low, high in ranges:
            self._code += [(_JUMP_GE, 0, 2, low), (_JUMP_GT, 1, 0, high), (_RETURN, 0, 0, _ALLOW)]

    def answer(self, name: str, action: int) -> None:
        """One action for a call, whatever its arguments."""
        if name in self._numbers:
            self._code += [(_JUMP_EQ, 0, 1, self._numbers[name]), (_RETURN, 0, 0, action)]

    def if_argument(self, name: str, index: int, values: tuple[int, ...], then: int, otherwise: int) -> None:
        """`then` where the low half of an argument is one of `values`, else `otherwise`."""
        tests = [(_JUMP_EQ, len(values) - i, 0, value) for i, value in enumerate(values)]
        self._block(name, index, tests, then, otherwise)

    def if_bits(self, name: str, index: int, bits: int, then: int, otherwise: int) -> None:
        """`then` where an argument has any of `bits`, else `otherwise`."""
        self._block(name, index, [(_JUMP_SET, 1, 0, bits)], then, otherwise)

    def _block(
        self, name: str, index: int, tests: list[tuple[int, int, int, int]], then: int, otherwise: int
    ) -> None:
        if name not in self._numbers:
            return
        block = [(_LOAD, 0, 0, _ARGUMENTS + 8 * index), *tests]
        block += [(_RETURN, 0, 0, otherwise), (_RETURN, 0, 0, then)]
        self._code += [(_JUMP_EQ, 0, len(block), self._numbers[name]), *block]

    def finish(self, default: int, beyond: int) -> bytes:
        """The bytes of the filter: `default` for all the rest, `beyond` for numbers newer than the tables."""
        code = [
            *self._code,
            (_JUMP_GT, 0, 1, NEWEST_KNOWN),
            (_RETURN, 0, 0, beyond),
            (_RETURN, 0, 0, default),
        ]
        return b"".join(struct.pack("=HBBI", *instruction) for instruction in code)


def large_filter(slow: bool) -> bytes:
    """The zygote's allow-list; `slow` adds files, programs and local sockets."""
    refuse, missing = _ERRNO | errno.EPERM, _ERRNO | errno.ENOSYS
    program = _Program()
    program.allow(BASE)
    if slow:
        program.allow((*SLOW, "execve", "fork", "vfork", "prlimit64", "kill", "tgkill", "tkill"))
        program.if_argument("socket", 0, _FAMILIES, _ALLOW, _ERRNO | errno.EAFNOSUPPORT)
    else:
        program.allow(("fork", "prlimit64", "kill", "tgkill", "tkill"))
    program.if_bits("clone", 0, _CLONE_NEW, refuse, _ALLOW)
    program.if_argument("ioctl", 1, _IOCTLS, _ALLOW, _ERRNO | errno.ENOTTY)
    program.if_argument("prctl", 0, _PRCTLS, _ALLOW, refuse)
    # glibc and CPython fall back from these to clone, openat and close.
    program.answer("clone3", missing)
    program.answer("openat2", missing)
    return program.finish(refuse, missing)


def small_filter(pid: int) -> bytes:
    """A values fork's own filter: threads but no processes, signals to nobody but itself."""
    refuse = _ERRNO | errno.EPERM
    program = _Program()
    program.if_bits("clone", 0, _CLONE_THREAD, _ALLOW, refuse)
    for name in ("fork", "vfork", "execve", "execveat", "tkill", "pidfd_open", "seccomp"):
        program.answer(name, refuse)
    for name in ("kill", "tgkill"):
        program.if_argument(name, 0, (pid,), _ALLOW, refuse)
    for name in ("prlimit64", "sched_setaffinity"):
        program.if_argument(name, 0, (0, pid), _ALLOW, refuse)
    # Nobody may decide to outlive the zygote.
    program.if_argument("prctl", 0, (1,), refuse, _ALLOW)
    return program.finish(_ALLOW, _ALLOW)


class Filter:
    """A filter laid out in memory, so that putting it over a process costs one system call.

    Written for the process id `placeholder`, it is made out to the process that installs it: building the
    small one took longer than the kernel takes to accept it.
    """

    def __init__(self, code: bytes, placeholder: int = 0) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._number = _SECCOMP[platform.machine()]
        self._buffer = ctypes.create_string_buffer(code, len(code))
        self._program = struct.pack("=HxxxxxxQ", len(code) // 8, ctypes.addressof(self._buffer))
        self._owners = [
            offset + 4
            for offset in range(0, len(code), 8)
            if placeholder and struct.unpack_from("=HBBI", code, offset)[3] == placeholder
        ]

    def install(self) -> None:
        """Put it over this process for good. Needs no_new_privs. Raises OSError."""
        for offset in self._owners:
            struct.pack_into("=I", self._buffer, offset, os.getpid())
        if self._libc.syscall(self._number, _SECCOMP_SET_MODE_FILTER, 0, self._program) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))


# No process id, and no number that a filter needs for something else.
_NOBODY = 0x7FFFFFF7


def own_filter() -> Filter:
    """`small_filter` for whichever process installs it."""
    return Filter(small_filter(_NOBODY), _NOBODY)


def install(code: bytes) -> None:
    """Put a filter over this process for good. Needs no_new_privs. Raises OSError."""
    Filter(code).install()

"""What a process gives up before it runs code nobody trusts. Each step is one-way."""

# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
import struct

_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_DUMPABLE = 4
_M_ARENA_MAX = -8
# Landlock has the same numbers on every architecture Linux gained since 2011.
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_WRITE_FILE = 1 << 1
_WRITES_BY_ABI = {
    # write_file, remove_dir, remove_file, make_{char,dir,reg,sock,fifo,block,sym}
    1: _WRITE_FILE | sum(1 << bit for bit in range(4, 13)),
    2: 1 << 13,  # refer
    3: 1 << 14,  # truncate
    5: 1 << 15,  # ioctl on devices
}
_NET_BIND_CONNECT = 0b11
_SCOPE_ABSTRACT_AND_SIGNALS = 0b11
_EXECUTE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 2, 1 << 3
_PR_SET_PDEATHSIG = 1
_PR_CAPBSET_DROP = 24
_CAPSET = {"x86_64": 126, "aarch64": 91}
_CAPABILITIES_3 = 0x20080522


def prepare_zygote():
    """Once, in the zygote: no new privileges, one malloc arena.

    With one arena per thread, RLIMIT_AS of 1 GB allowed 21 threads; with one arena it allows what fits.
    """
    no_new_privileges()
    if hasattr(_LIBC, "mallopt"):
        _LIBC.mallopt(_M_ARENA_MAX, 1)


def no_new_privileges():
    """Refuse set-uid programs for good; also what Landlock and seccomp ask for."""
    _LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def die_with(parent):
    """Be killed when `parent`, the process that started this one, is gone."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(70)


def unreadable():
    """Close this process's memory and descriptors to its siblings, whatever else is there to stop them."""
    _LIBC.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def readable():
    """Be an ordinary process again: to itself a program looks as it would anywhere."""
    if hasattr(_LIBC, "prctl"):
        _LIBC.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)


def drop_capabilities():
    """Root without any of root's powers; for others nothing changes. Raises OSError if it fails."""
    for capability in range(64):
        _LIBC.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    number = _CAPSET.get(platform.machine())
    header = struct.pack("=Ii", _CAPABILITIES_3, 0)
    if number is None or _LIBC.syscall(number, header, bytes(24)) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def address_space():
    """Bytes of address space this process maps."""
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[0]) * resource.getpagesize()


def limit(limits, mapped, writable_bytes=0, namespaces=True):
    """Ceilings, inherited; `mapped` is what the process maps already. The wall clock is the parent's."""
    _lower(resource.RLIMIT_AS, mapped + limits["memory_bytes"])
    _lower(resource.RLIMIT_NOFILE, limits["open_files"])
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_FSIZE, writable_bytes)
    _lower(resource.RLIMIT_MEMLOCK, 0)
    _lower(resource.RLIMIT_MSGQUEUE, 0) if hasattr(resource, "RLIMIT_MSGQUEUE") else None
    if namespaces and _KERNEL >= (5, 14):
        # Counted per user namespace since then; before, it would count the user's other processes too.
        _lower(resource.RLIMIT_NPROC, 256)


def cpu_limit(seconds):
    """A second net under the parent's deadline, for the case that the parent itself hangs."""
    _lower(resource.RLIMIT_CPU, int(seconds) + 1)


def _kernel():
    numbers = os.uname().release.split("-")[0].split(".")[:2]
    return tuple(int(n) for n in numbers) if all(n.isdigit() for n in numbers) else (0, 0)


_KERNEL = _kernel()


def _lower(which, value):
    _, hard = resource.getrlimit(which)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(which, (value, value))


class Landlock:
    """A ruleset that allows no write but to the paths named, made once and entered by every fork."""

    def __init__(self, writable=(), readable=None, listable=()):
        self.abi = max(0, _LIBC.syscall(_LANDLOCK_CREATE, None, 0, 1))
        self.fd = -1
        if self.abi == 0:
            return
        files = sum(bits for abi, bits in _WRITES_BY_ABI.items() if abi <= self.abi)
        if readable is not None:
            files |= _EXECUTE | _READ_FILE | _READ_DIR
        attributes = struct.pack(
            "=QQQ",
            files,
            _NET_BIND_CONNECT if self.abi >= 4 else 0,
            _SCOPE_ABSTRACT_AND_SIGNALS if self.abi >= 6 else 0,
        )
        size = 8 if self.abi < 4 else 16 if self.abi < 6 else 24
        self.fd = _LIBC.syscall(_LANDLOCK_CREATE, attributes, size, 0)
        for path in writable:
            self._allow(path, files)
        for path in readable or ():
            self._allow(path, _READ_FILE | _READ_DIR)
        for path in listable:
            self._allow(path, _READ_DIR)

    def _allow(self, path, bits):
        try:
            beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            return
        if not os.path.isdir(path):
            bits &= _WRITE_FILE | (1 << 14) | (1 << 15) | _EXECUTE | _READ_FILE
        _LIBC.syscall(_LANDLOCK_ADD, self.fd, 1, struct.pack("=Qi", bits, beneath), 0)
        os.close(beneath)

    def enter(self):
        """Restrict this process and all it will start. Raises OSError if the kernel refuses."""
        if self.fd >= 0 and _LIBC.syscall(_LANDLOCK_RESTRICT, self.fd, 0) != 0:
            raise OSError(ctypes.get_errno(), "landlock_restrict_self")

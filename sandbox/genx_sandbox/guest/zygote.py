"""The zygote: one thread, no secret, no project code. It forks a child for each request it is handed.

The control socket carries single-datagram messages. From the parent: `C` with a memfd of what the forks
to come share (`c`: left to them to compile); `F` with two descriptors (the child's socket, a memfd
holding the request); `S` with five (the test's socket, request and line, the program's request and line).
To the parent: `R` + JSON once ready, `P` with the child's pidfd, `X` + the child's
wait status as text.
"""

# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

import contextlib
import gc
import importlib.util
import json
import os
import signal
import socket
import sys

from . import calls, child, seccomp
from .confine import Landlock, address_space, die_with, drop_capabilities, limit, prepare_zygote


class Confinement:
    """What every fork of this zygote gives up, prepared once so that a fork pays little."""

    def __init__(self, profile):
        self.writable_bytes = profile["writable_bytes"]
        self.slow = bool(profile["writable"])
        self.landlock = Landlock(writable=["/dev/null", *profile["writable"]])
        self.filter = seccomp.own_filter() if seccomp.supported() and not self.slow else None
        self.mapped = address_space()
        self.namespaces = profile["namespaces"]
        self.zygote = os.getpid()

    def enter(self, limits, keep):
        """Restrict this process, and close every descriptor but the standard three and those in `keep`."""
        if not self.namespaces:
            die_with(self.zygote)
        limit(limits, self.mapped, self.writable_bytes, self.namespaces)
        self.landlock.enter()
        if self.filter is not None:
            self.filter.install()
        first = 3
        for fd in sorted(keep):
            os.closerange(first, fd)
            first = fd + 1
        os.closerange(first, 4096)


class Prepared:
    """What all forks of a run share: their calls, or their test file."""

    def __init__(self, shared, compiled):
        self._shared = shared
        self._calls = None
        if compiled and type(shared) is dict:
            from . import items

            items.prepare_file(shared)
        elif compiled:
            self._calls = self.calls()

    def calls(self):
        """The calls, compiled."""
        if self._calls is None:
            return [calls.prepare(call) for call in self._shared]
        return self._calls


def main(control_fd, profile_json):
    """Serve requests until the parent hangs up."""
    profile = json.loads(profile_json)
    control = socket.socket(fileno=control_fd)
    sys.dont_write_bytecode = True
    if not profile["namespaces"]:
        die_with(profile["parent"])
    prepare_zygote()
    _preload(profile)
    if profile["pytest"]:
        from . import items

        items.prepare()
    if profile["split"]:
        _preload_for_tests()
    confinement = Confinement(profile)
    if not profile["namespaces"]:
        # Nothing stands around this process: what a jail would not show, it closes to itself.
        drop_capabilities()
        Landlock(["/dev/null"], profile["readable"], profile["listable"]).enter()
    silence = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(silence, standard)
    os.close(silence)
    facts = {
        "landlock": confinement.landlock.abi,
        "version": list(sys.version_info[:3]),
        "seccomp": seccomp.supported(),
    }
    if seccomp.supported():
        seccomp.install(seccomp.large_filter(confinement.slow))
    control.send(b"R" + json.dumps(facts).encode())
    if not confinement.slow:
        child.rehearse()
    gc.collect()
    gc.freeze()
    prepared = Prepared([], False)
    while True:
        message, fds, _, _ = socket.recv_fds(control, 16, 5)
        if not message:
            return
        if message in (b"C", b"c") and len(fds) == 1:
            shared = json.loads(child.read_all(fds[0]))
            os.close(fds[0])
            # Compiled once for all programs of a run. Compiling runs nothing, but it can crash the compiler:
            # after that the parent asks for `c`, and forks compile for themselves.
            prepared = Prepared(shared, message == b"C")
        if message == b"F" and len(fds) == 2:
            _fork(control, fds, confinement, prepared)
        if message == b"S" and len(fds) == 5:
            _fork_pair(control, fds, confinement)


def _fork(control, fds, confinement, prepared):
    pid = os.fork()
    if pid == 0:
        try:
            control.close()
            child.run(fds[0], fds[1], confinement, prepared)
        finally:
            os._exit(70)
    for fd in fds:
        os.close(fd)
    _await(control, pid, confinement)


def _fork_pair(control, fds, confinement):
    """A program first, which knows nothing of its test; then the test, and the two end together."""
    told, request, line, program_request, program_line = fds
    program = os.fork()
    if program == 0:
        try:
            control.close()
            child.run_program(program_line, program_request, confinement)
        finally:
            os._exit(70)
    test = os.fork()
    if test == 0:
        try:
            control.close()
            child.run_test(told, request, line, confinement)
        finally:
            os._exit(70)
    for fd in fds:
        os.close(fd)
    _await(control, test, confinement, program)


def _await(control, pid, confinement, partner=0):
    try:
        pidfd = os.pidfd_open(pid)
    except (AttributeError, OSError):
        socket.send_fds(control, [b"P"], [])
    else:
        socket.send_fds(control, [b"P"], [pidfd])
        os.close(pidfd)
    _, status = os.waitpid(pid, 0)
    if partner:
        with contextlib.suppress(ProcessLookupError):
            os.kill(partner, signal.SIGKILL)
        os.waitpid(partner, 0)
    if confinement.namespaces:
        _end_leftovers()
    control.send(b"X%d" % status)


def _end_leftovers():
    """End whatever the child left behind. In a pid namespace of its own this reaches nobody else."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)


def _preload_for_tests():
    """pytest for `raises`, `approx` and marks, if there is one; no plugin of it."""
    from . import items

    if importlib.util.find_spec("pytest") is None:
        sys.path.append(items.SITE)
    with contextlib.suppress(Exception):
        importlib.import_module("pytest")


def _preload(profile):
    """Import from the standard library what programs tend to import, so that forks find it there."""
    for name in profile["preload"]:
        __import__(name)

"""The zygote: one thread, no secret, no project code. It forks a child for each word it is sent.

In the split grade there are two of them in one jail: one forks programs and knows no test; the other,
forked from the first before either heard anything, forks tests.
"""

# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

import contextlib
import gc
import importlib.util
import json
import os
import socket
import sys

from . import child, elsewhere, forking, rehearsing, scratch, seccomp
from .confine import (
    Landlock,
    address_space,
    cpu_limit,
    die_with,
    drop_capabilities,
    limit,
    prepare_zygote,
    unreadable,
)


class Confinement:
    """What every fork of this zygote gives up, prepared once so that a fork pays little."""

    def __init__(self, profile):
        self.slow = bool(profile["writable"])
        self.landlock = Landlock(writable=["/dev/null", *profile["writable"]])
        self.filter = seccomp.own_filter() if seccomp.supported() and not self.slow else None
        self.namespaces = profile["namespaces"]
        self._elsewhere = profile.get("twin", False)
        self.zygote = os.getpid()
        # Forks that can start nothing and reach no sibling may stand ready while another one runs.
        self.apart = self.filter is not None and self.landlock.fd >= 0
        self._limits = (profile["limits"], profile["writable_bytes"])
        self._scratch = None
        if scratch.FOLDER in profile["writable"]:
            self._scratch = scratch.Scratch(profile["writable_bytes"], profile["limits"]["scratch_files"])
        self._inherited = self.apart
        if self._inherited:
            self._limit()

    def _limit(self):
        limits, writable_bytes = self._limits
        limit(limits, address_space(), writable_bytes, self.namespaces)

    def enter(self, keep):
        """Restrict this process, and close every descriptor but the standard three and those in `keep`."""
        if not self.namespaces:
            die_with(self.zygote)
        if not self._inherited:
            self._limit()
        self.landlock.enter()
        if self.filter is not None:
            self.filter.install()
        first = 3
        for fd in sorted(keep):
            os.closerange(first, fd)
            first = fd + 1
        os.closerange(first, 4096)
        if self._elsewhere:
            elsewhere.pretend()

    def clock(self, seconds):
        """Bound this process's time on the processor."""
        cpu_limit(seconds)

    @property
    def watched(self):
        """Whether a zygote has to look after its forks while they are at work."""
        return self._scratch is not None

    def before(self):
        """What a zygote does before it makes the first fork of a run."""
        if self._scratch is not None:
            self._scratch.remember()

    def watch(self):
        """End forks that take more than their share."""
        if self._scratch is not None and self._scratch.crowded():
            forking.end_leftovers()

    def after(self, bury):
        """What a zygote does when a fork has ended; `bury` waits for all processes that were killed."""
        if not self.namespaces or self.apart:
            return
        forking.end_leftovers()
        bury()
        if self._scratch is not None and not self._scratch.clear():
            # The parent starts another jail, with another scratch.
            os._exit(70)


def main(control_fd, profile_json):
    """Serve requests until the parent hangs up."""
    profile = json.loads(profile_json)
    control = socket.socket(fileno=control_fd)
    sys.dont_write_bytecode = True
    # In a pid namespace the launcher is nobody that has a number.
    die_with(os.getppid() if profile["namespaces"] else profile["parent"])
    prepare_zygote()
    for name in profile["preload"]:
        # What programs tend to import from the standard library: forks find it there. Not every Python has
        # every module, and what is missing is for the program to find out.
        with contextlib.suppress(Exception):
            __import__(name)
    if profile.get("twin", False):
        elsewhere.later()
    role, others = profile["grade"], []
    if role == "split":
        role, control, others = _part(control, profile["namespaces"])
    if role == "test":
        _preload_pytest()
    elif role == "items":
        from . import warming

        warming.prepare()
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
        "apart": confinement.apart,
    }
    if seccomp.supported():
        seccomp.install(seccomp.large_filter(confinement.slow))
    socket.send_fds(control, [b"R" + json.dumps(facts).encode()], [other.fileno() for other in others])
    for other in others:
        other.close()
    unreadable()
    rehearsing.rehearse(role)
    gc.collect()
    gc.freeze()

    def become(prepared, channel_fd, line_fd):
        child.live(role, channel_fd, line_fd, confinement, prepared)

    forking.serve(control, child.PREPARED[role], become, confinement)


def _part(control, namespaces):
    """Two zygotes of one: this one forks programs, the new one tests. Neither has heard anything yet."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    first = os.getpid()
    if os.fork() == 0:
        control.close()
        ours.close()
        if not namespaces:
            die_with(first)
        return "test", theirs, []
    theirs.close()
    return "program", control, [ours]


def _preload_pytest():
    """pytest for `raises`, `approx` and marks, if there is one; no plugin of it."""
    from . import warming

    if importlib.util.find_spec("pytest") is None:
        sys.path.append(warming.SITE)
    with contextlib.suppress(Exception):
        importlib.import_module("pytest")

"""The degraded level's guest: one process for one program, started by the parent inside the jail.

There is no zygote here and nothing that is only known to Linux: the jail was put around this process before
it started, limits that the system knows are set, and from there on it is a fork like any other.
"""

# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

import contextlib
import os
import resource

from . import child


class Limits:
    """What a process alone can take from itself: resource ceilings, and its other descriptors."""

    def __init__(self, limits):
        self._limits = limits

    def enter(self, keep):
        """Set the ceilings and close every descriptor but the standard three and those in `keep`."""
        ceilings = {
            "RLIMIT_AS": self._limits["memory_bytes"] * 4,
            "RLIMIT_NOFILE": self._limits["open_files"],
            "RLIMIT_CORE": 0,
            "RLIMIT_FSIZE": 0,
        }
        for name, value in ceilings.items():
            _lower(name, value)
        first = 3
        for fd in sorted(keep):
            os.closerange(first, fd)
            first = fd + 1
        os.closerange(first, 4096)

    def clock(self, seconds):
        """Bound this process's time on the processor."""
        _lower("RLIMIT_CPU", int(seconds) + 1)


def _lower(name, value):
    which = getattr(resource, name, None)
    # A system may not know a ceiling, or refuse one below what is in use.
    with contextlib.suppress(OSError, ValueError):
        if which is not None:
            resource.setrlimit(which, (value, value))


def main(channel_fd):
    """Hear what all programs of the run share, then live as one fork; never returns."""
    import json

    from .wire import Channel

    shared = json.loads(Channel(channel_fd).receive())
    child.live("values", channel_fd, -1, Limits(shared["limits"]), child.Prepared(shared, True))

"""A lock between processes that a killed holder cannot leave behind."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _try(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _try(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


_GLANCE = 0.1
"""Seconds between two tries."""


def _taken(descriptor: int) -> bool:
    try:
        _try(descriptor)
    except OSError:
        return False
    return True


@contextlib.contextmanager
def exclusive(path: Path, cancel: threading.Event) -> Iterator[bool]:
    """Hold the lock at `path`, waiting for its holder; False, and no lock, if cancelled meanwhile."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        while not (held := _taken(descriptor)) and not cancel.wait(_GLANCE):
            pass
        yield held
    finally:
        os.close(descriptor)

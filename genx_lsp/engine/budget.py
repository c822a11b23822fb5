"""A cancel event that also sets itself when the time is over."""

from __future__ import annotations

import threading
import time


class Budget(threading.Event):
    """Set when its parent is set or `seconds` have passed; handed to everything that takes a cancel event."""

    def __init__(self, parent: threading.Event, seconds: float) -> None:
        super().__init__()
        self._parent = parent
        self._ends = time.monotonic() + seconds

    @property
    def cancelled(self) -> bool:
        """The user or a newer save wants it to stop (not merely: the time is over)."""
        return self._parent.cancelled if isinstance(self._parent, Budget) else self._parent.is_set()

    @property
    def left(self) -> float:
        """Seconds left, never negative."""
        left = max(0.0, self._ends - time.monotonic())
        return min(left, self._parent.left) if isinstance(self._parent, Budget) else left

    def is_set(self) -> bool:
        """Cancelled, or out of time."""
        return super().is_set() or self._parent.is_set() or time.monotonic() >= self._ends

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until set, `timeout` seconds at most; returns whether it is set."""
        ends = None if timeout is None else time.monotonic() + timeout
        while not self.is_set():
            step = 0.02 if ends is None else min(0.02, ends - time.monotonic())
            if step <= 0:
                break
            super().wait(step)
        return self.is_set()

    def part(self, seconds: float) -> Budget:
        """A budget within this one."""
        return Budget(self, min(seconds, self.left))

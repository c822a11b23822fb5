"""How long a process below is kept: until nobody has used it for a while, or it shows no sign of life."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Literal, Protocol

PULSE_SECONDS = 10.0
"""Of silence, after which a process is asked for a sign of life; a thread of its own gives it, also while it
computes."""
SILENT_SECONDS = 40.0
"""Of silence, after which it is held to hang (stopped, or starved)."""


class Endable(Protocol):
    """What can be ended, which may take a while."""

    def end(self) -> None:
        """End it and wait until it is gone."""


class Idleness:
    """Counts who uses a process, and ends it once nobody has for a while. Thread-safe."""

    def __init__(self, take: Callable[[], Endable | None]) -> None:
        """`take` hands out the process, if there is one, so that nobody else comes to use it any more."""
        self._take = take
        self._lock = threading.Lock()
        self._users = 0
        self._timer: threading.Timer | None = None
        self._over = False

    @contextlib.contextmanager
    def interrupted(self, seconds: float) -> Iterator[None]:
        """Meanwhile it is in use; `seconds` after the last use it ends, with 0 never."""
        with self._lock:
            self._users += 1
            self._stop()
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if not self._users and seconds and not self._over:
                    self._timer = threading.Timer(seconds, self._end)
                    self._timer.daemon = True
                    with contextlib.suppress(RuntimeError):
                        # Where the system starts no thread it stays until it was used again.
                        self._timer.start()

    def forget(self) -> None:
        """The process was ended by somebody else."""
        with self._lock:
            self._stop()

    def close(self) -> None:
        """From now on nothing is waited for."""
        self._over = True
        self.forget()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end(self) -> None:
        with self._lock:
            if self._users or self._timer is not threading.current_thread():
                return
            self._timer = None
            process = self._take()
        if process is not None:
            process.end()


class Pulse:
    """When a process was heard last, and what follows from that."""

    def __init__(self) -> None:
        self._heard = self._asked = time.monotonic()

    def heard(self) -> None:
        """It has said something."""
        self._heard = time.monotonic()

    def look(self) -> Literal["lives", "ask", "silent"]:
        """Whether it is to be asked for a sign of life, once, or has not given one in time."""
        now = time.monotonic()
        if now - self._heard > SILENT_SECONDS:
            return "silent"
        if now - max(self._heard, self._asked) > PULSE_SECONDS:
            self._asked = now
            return "ask"
        return "lives"


def signal_name(number: int) -> str:
    """As in `SIGKILL`."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"

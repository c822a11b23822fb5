"""Who may run now: so many programs at once, in turns among all runs that ask."""

from __future__ import annotations

import os
import threading
import time

from genx_sandbox.errors import SandboxError

# A run keeps what it has for so long while others wait: some ten programs in the values grade.
SLICE_SECONDS = 0.05
# A run that has not asked again for so long is paused by whoever reads its results, and waits for nothing.
_ASLEEP_SECONDS = 0.05


def cores_but_one() -> int:
    """The cores this process may use, less one for the editor."""
    known = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, known - 1)


class Slots:
    """`count` slots, handed to runs in the order in which they asked."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._changed = threading.Condition()
        self._held: list[tuple[int, int]] = []
        self._asking: dict[int, float] = {}

    @property
    def count(self) -> int:
        """How many run at once."""
        return self._count

    def take(self, run: int, needy: bool) -> bool:
        """Whether `run` has a slot now; if not, it is in the queue. `needy`: it holds none to wait for."""
        own = threading.get_ident()
        with self._changed:
            # An outer run of the same thread, paused in its `for` loop, cannot give its slot back.
            nested = needy and bool(self._held) and all(thread == own for _, thread in self._held)
            if not nested and (len(self._held) >= self._count or not self._is_first(run)):
                self._asking[run] = time.monotonic()
                return False
            self._asking.pop(run, None)
            self._held.append((run, own))
            return True

    def give_back(self, run: int) -> None:
        """One of the run's slots is free."""
        with self._changed:
            held = next((entry for entry in self._held if entry[0] == run), None)
            if held is None:
                raise SandboxError("A run gave back more than it had.")
            self._held.remove(held)
            self._changed.notify_all()

    def forget(self, run: int) -> None:
        """The run is over and asks for nothing."""
        with self._changed:
            self._asking.pop(run, None)
            self._changed.notify_all()

    def contested(self, run: int) -> bool:
        """Whether another run waits for a slot."""
        now = time.monotonic()
        with self._changed:
            return any(r != run and now - asked < _ASLEEP_SECONDS for r, asked in self._asking.items())

    def wait(self, seconds: float) -> None:
        """Until something changes, or that long."""
        with self._changed:
            self._changed.wait(seconds)

    def _is_first(self, run: int) -> bool:
        now = time.monotonic()
        awake = (r for r, asked in self._asking.items() if r == run or now - asked < _ASLEEP_SECONDS)
        return next(awake, run) == run


# Shared by all sandboxes of this process that ask for nothing else.
MACHINE = Slots(cores_but_one())

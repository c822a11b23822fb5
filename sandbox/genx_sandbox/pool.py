"""Slots: how many programs of one sandbox run at once, and the loop that drives them."""

from __future__ import annotations

import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from genx_sandbox.conversation import Conversation, Frames
from genx_sandbox.decoding import ProtocolError
from genx_sandbox.errors import SandboxCancelled, SandboxError
from genx_sandbox.zygote import Fork, Recipe, Zygote

# Half of what is promised: a set cancel event is seen within 20 ms.
TICK = 0.010
_READ = 1 << 16
# Idle zygotes kept beyond one a job: values and items take turns.
_SPARE = 2


def usable_jobs(jobs: int) -> int:
    """0 leaves one core to the editor."""
    if jobs > 0:
        return jobs
    return max(
        1, (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1) - 1
    )


class Pool:
    """Zygotes of one kind, lent out one program at a time, so that several runs share them fairly."""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._lock = threading.Lock()
        self._free: list[Zygote] = []
        self._lent: dict[Zygote, int] = {}
        self._closed = False

    def try_acquire(self, make_recipe: Callable[[], Recipe], needy: bool) -> Zygote | None:
        """A zygote if one may run now. `needy`: the asking run has none to wait for."""
        own = threading.get_ident()
        if not self._may_lend(own, needy):
            return None
        recipe = make_recipe()
        with self._lock:
            if not self._may_lend(own, needy):
                return None
            zygote = next((z for z in reversed(self._free) if z.recipe == recipe), None)
            if zygote is None:
                zygote = Zygote(recipe)
            else:
                self._free.remove(zygote)
            self._lent[zygote] = own
            return zygote

    def _check_open(self) -> None:
        if self._closed:
            raise SandboxError("This sandbox has been closed.")

    def _may_lend(self, asking: int, needy: bool) -> bool:
        self._check_open()
        if len(self._lent) < self._jobs:
            return True
        # An outer run of the same thread, paused in its `for` loop, cannot give its slot back.
        return needy and all(owner == asking for owner in list(self._lent.values()))

    def release(self, zygote: Zygote) -> None:
        """Give a zygote back."""
        with self._lock:
            self._lent.pop(zygote, None)
            self._free.append(zygote)
            # The oldest go first: their view of the project, or their test file's folder, is of the past.
            most = 0 if self._closed else self._jobs + _SPARE
            surplus = [self._free.pop(0) for _ in range(len(self._free) - most)]
        for old in surplus:
            old.close()

    def zygotes(self) -> tuple[int, ...]:
        """Process ids of the idle zygotes, in the order of their last use."""
        with self._lock:
            return tuple(zygote.inner_pid() for zygote in self._free)

    def close(self) -> None:
        """End every idle zygote now; lent ones end when their run notices."""
        with self._lock:
            self._closed = True
            free, self._free = self._free, []
            lent = list(self._lent)
        for zygote in free:
            zygote.close()
        for zygote in lent:
            zygote.kill()

    def run(
        self,
        recipe: Callable[[], Recipe],
        conversations: Iterable[Conversation],
        cancel: threading.Event | None,
    ) -> Iterator[Any]:
        """Drive conversations to their ends, in the caller's thread; yield each result as it comes."""
        waiting = deque(conversations)
        active: list[_Turn] = []
        try:
            while waiting or active:
                _check(cancel)
                while waiting:
                    zygote = self.try_acquire(recipe, needy=not active)
                    if zygote is None:
                        break
                    turn = _Turn(waiting.popleft(), zygote)
                    active.append(turn)
                    turn.begin(cancel)
                if not active:
                    time.sleep(TICK)
                    continue
                for turn in _ready(active):
                    turn.advance(cancel)
                    # What a jail that was ended by `close` says is no outcome of a program.
                    self._check_open()
                    if turn.conversation.done:
                        turn.finish()
                        active.remove(turn)
                        self.release(turn.zygote)
                        yield turn.conversation.result()
        finally:
            for turn in active:
                turn.finish()
                self.release(turn.zygote)


class _Turn:
    """One conversation on one zygote."""

    def __init__(self, conversation: Conversation, zygote: Zygote) -> None:
        self.conversation = conversation
        self.zygote = zygote
        self.fork: Fork | None = None
        self._frames = Frames(conversation.largest_frame)

    def begin(self, cancel: threading.Event | None) -> None:
        self._frames = Frames(self.conversation.largest_frame)
        if not self.zygote.alive():
            self.zygote.start(cancel)
        talk = self.conversation
        self.fork = self.zygote.fork(talk.request(), talk.calls, cancel, talk.partner)

    def advance(self, cancel: threading.Event | None) -> None:
        """Read what is there, then look at the clock: an answer that came in time counts."""
        assert self.fork is not None
        closed = self._read()
        if self.conversation.done:
            return
        if closed:
            how = self.fork.death() or "the process was ended"
            self.fork = None
            self.conversation.ended(how, timed_out=False)
        elif time.monotonic() > self.conversation.deadline:
            self.fork.end()
            self.fork = None
            self.conversation.ended("", timed_out=True)
        else:
            return
        if not self.conversation.done:
            self.begin(cancel)

    def _read(self) -> bool:
        """Whether the channel is closed, or spoke nonsense and is closed to us."""
        assert self.fork is not None
        try:
            data = self.fork.channel.recv(_READ)
        except BlockingIOError:
            return False
        except OSError:
            return True
        try:
            for message in self._frames.feed(data):
                self.conversation.hear(message)
                if self.conversation.done:
                    break
        except ProtocolError:
            return True
        return not data

    def finish(self) -> None:
        if self.fork is not None:
            self.fork.end()
            self.fork = None


def _ready(active: list[_Turn]) -> list[_Turn]:
    """Turns with something to read or past their deadline; waits at most a tick."""
    poller = select.poll()
    by_fd = {}
    for turn in active:
        assert turn.fork is not None
        by_fd[turn.fork.channel.fileno()] = turn
        poller.register(turn.fork.channel, select.POLLIN)
    now = time.monotonic()
    nearest = min(t.conversation.deadline for t in active) - now
    events = poller.poll(max(0.0, min(TICK, nearest)) * 1000)
    ready = [by_fd[fd] for fd, _ in events]
    now = time.monotonic()
    return ready + [t for t in active if t not in ready and now > t.conversation.deadline]


def _check(cancel: threading.Event | None) -> None:
    if cancel is not None and cancel.is_set():
        raise SandboxCancelled("The run was cancelled.")

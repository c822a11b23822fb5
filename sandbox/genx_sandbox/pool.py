"""The loop that drives programs through zygotes, and the zygotes that wait for the next run."""

from __future__ import annotations

import itertools
import select
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias

from genx_sandbox.conversation import Conversation, Frames
from genx_sandbox.errors import ProtocolError, SandboxCancelled, SandboxError
from genx_sandbox.forks import Fork
from genx_sandbox.jail.alone import Process, Solitary
from genx_sandbox.slots import SLICE_SECONDS, Slots
from genx_sandbox.zygote import Recipe, Zygote

# Half of what is promised: a set cancel event is seen within 20 ms.
TICK = 0.010
_READ = 1 << 16
# Idle zygotes kept beyond one a slot: a twin, and those of two test files as pytest items, for whoever goes
# to and fro between two modules.
_SPARE = 3
# Of a fork that says little at a time, only its last word wakes the parent: it hangs up after it. Being woken
# for each word takes a tenth of what a small program costs. What such a fork has said is read each tick.
_LAST_WORD = getattr(select, "POLLRDHUP", select.POLLIN)
_MUCH = 1 << 12
_numbers = itertools.count(1)
Jail: TypeAlias = Zygote | Solitary


class Pool:
    """Zygotes of one sandbox. A run holds a slot for each program under way and shares it by time."""

    def __init__(self, slots: Slots, idle_seconds: float = 0.0) -> None:
        """`idle_seconds`: when a zygote that no run asks for is ended; 0 keeps it."""
        self._slots = slots
        self._lock = threading.Lock()
        self._free: list[Jail] = []
        self._lent: set[Jail] = set()
        self._closed = False
        self._idle_seconds = idle_seconds
        self._since: dict[Jail, float] = {}
        self._timer: threading.Timer | None = None

    def _check_open(self) -> None:
        if self._closed:
            raise SandboxError("This sandbox has been closed.")

    def _borrow(self, recipe: Recipe, shared: tuple[bytes, ...]) -> Jail:
        """A zygote of that recipe, if it can be one that knows what this run's forks share."""
        with self._lock:
            self._check_open()
            fitting = [z for z in reversed(self._free) if z.recipe == recipe]
            zygote = next((z for z in fitting if z.knows(shared)), next(iter(fitting), None))
            if zygote is None:
                zygote = Solitary(recipe) if recipe.alone else Zygote(recipe)
            else:
                self._free.remove(zygote)
                self._since.pop(zygote, None)
            self._lent.add(zygote)
            return zygote

    def prepare(self, recipe: Recipe) -> None:
        """Start a zygote of that recipe for a later run, where there is none; does not wait for it."""
        with self._lock:
            if self._closed or recipe.alone or any(z.recipe == recipe for z in (*self._free, *self._lent)):
                return
            zygote = Zygote(recipe)
            self._lent.add(zygote)
        try:
            zygote.launch()
        except SandboxError:
            # Whoever needs it will hear why it cannot be had.
            zygote.close()
            with self._lock:
                self._lent.discard(zygote)
            return
        self._put_back(zygote)

    def _put_back(self, zygote: Jail) -> None:
        with self._lock:
            self._lent.discard(zygote)
            self._free.append(zygote)
            most = 0 if self._closed else self._slots.count + _SPARE
            surplus = [self._free.pop(_least_wanted(self._free)) for _ in range(len(self._free) - most)]
            self._since = {z: self._since.get(z, time.monotonic()) for z in self._free}
            self._look_later()
        for old in surplus:
            old.close()

    def _look_later(self) -> None:
        """With the lock held: see to it that idle zygotes end when their time is over."""
        if self._timer is None and self._idle_seconds > 0 and self._since:
            left = min(self._since.values()) + self._idle_seconds - time.monotonic()
            self._timer = threading.Timer(max(0.0, left), self._end_idle)
            self._timer.daemon = True
            self._timer.start()

    def _end_idle(self) -> None:
        with self._lock:
            self._timer = None
            past = time.monotonic() - self._idle_seconds
            idle = [z for z, since in self._since.items() if since <= past]
            for zygote in idle:
                self._free.remove(zygote)
                del self._since[zygote]
            self._look_later()
        for zygote in idle:
            zygote.close()

    def zygotes(self) -> tuple[int, ...]:
        """Process ids of the idle zygotes, in the order of their last use."""
        with self._lock:
            return tuple(zygote.inner_pid() for zygote in self._free)

    def close(self) -> None:
        """End every idle zygote now; lent ones end when their run notices."""
        with self._lock:
            self._closed = True
            free, self._free = self._free, []
            self._since.clear()
            lent = list(self._lent)
            if self._timer is not None:
                self._timer.cancel()
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
        number = next(_numbers)
        waiting = deque(conversations)
        active: list[_Turn] = []
        try:
            while waiting or active:
                _check(cancel)
                self._check_open()
                while waiting and self._slots.take(number, needy=not active):
                    turn = self._open_turn(number, recipe, waiting[0])
                    active.append(turn)
                    turn.begin(waiting.popleft(), cancel, bool(waiting))
                if not active:
                    self._slots.wait(TICK)
                    continue
                for turn in _ready(active):
                    turn.advance(cancel, bool(waiting))
                    # What a jail that was ended by `close` says is no outcome of a program.
                    self._check_open()
                    if not turn.conversation.done:
                        continue
                    result = turn.conversation.result()
                    if waiting and self._goes_on(number, turn, recipe):
                        # The next program starts before anybody looks at this one's results.
                        turn.begin(waiting.popleft(), cancel, bool(waiting))
                    else:
                        active.remove(turn)
                        self._close_turn(number, turn)
                    yield result
        finally:
            for turn in active:
                self._close_turn(number, turn)
            self._slots.forget(number)

    def _goes_on(self, number: int, turn: _Turn, recipe: Callable[[], Recipe]) -> bool:
        late = time.monotonic() - turn.since > SLICE_SECONDS
        if late and self._slots.contested(number):
            return False
        # The view is looked at before every program: a key may have been saved since the last one.
        return recipe() == turn.zygote.recipe

    def _open_turn(self, number: int, recipe: Callable[[], Recipe], first: Conversation) -> _Turn:
        try:
            return _Turn(self._borrow(recipe(), first.shared))
        except BaseException:
            self._slots.give_back(number)
            raise

    def _close_turn(self, number: int, turn: _Turn) -> None:
        turn.finish()
        turn.zygote.rest()
        self._put_back(turn.zygote)
        self._slots.give_back(number)


class _Turn:
    """One zygote in the hands of one run, and the conversation on it."""

    conversation: Conversation

    def __init__(self, zygote: Jail) -> None:
        self.zygote = zygote
        self.since = time.monotonic()
        self.fork: Fork | Process | None = None
        self._frames = Frames(0)
        self.awaits = _LAST_WORD
        """What to poll for."""
        self._looked = 0.0

    def begin(self, conversation: Conversation, cancel: threading.Event | None, more: bool) -> None:
        """Start a conversation, or the next fork of the one under way."""
        if not self.zygote.apart:
            # What one program left running must be gone before the next one starts.
            self.finish()
        previous, self.fork = self.fork, None
        self.conversation = conversation
        self._frames = Frames(conversation.largest_frame)
        self.awaits = _LAST_WORD
        self._looked = time.monotonic()
        try:
            self.fork = self.zygote.fork(conversation, cancel, more)
        finally:
            if previous is not None:
                # It has said all it had to say: the next one is at work while the kernel clears it away.
                previous.end(wait=False)

    def advance(self, cancel: threading.Event | None, more: bool) -> None:
        """Read what is there, then look at the clock: an answer that came in time counts."""
        assert self.fork is not None
        closed = self._read()
        if self.conversation.done:
            return
        if closed:
            fork, self.fork = self.fork, None
            self.conversation.ended(fork.death(), timed_out=False)
        elif time.monotonic() > self.conversation.deadline:
            fork, self.fork = self.fork, None
            fork.end()
            self.conversation.ended("", timed_out=True)
        else:
            return
        if not self.conversation.done:
            self.begin(self.conversation, cancel, more)

    def unread(self, now: float) -> bool:
        """Whether nobody has looked for a tick at what it may have said."""
        return now - self._looked >= TICK

    def _read(self) -> bool:
        """Whether the channel is closed, or spoke nonsense and is closed to us."""
        assert self.fork is not None
        self._looked = time.monotonic()
        try:
            data = self.fork.channel.recv(_READ)
        except BlockingIOError:
            return False
        except OSError:
            return True
        if len(data) > _MUCH:
            # It must not wait for us to make room for its next word.
            self.awaits |= select.POLLIN
        try:
            for frame in self._frames.feed(data):
                self.conversation.hear(frame)
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
        poller.register(turn.fork.channel, turn.awaits)
    now = time.monotonic()
    nearest = min(t.conversation.deadline for t in active) - now
    events = poller.poll(max(0.0, min(TICK, nearest)) * 1000)
    ready = [by_fd[fd] for fd, _ in events]
    now = time.monotonic()
    return ready + [t for t in active if t not in ready and (now > t.conversation.deadline or t.unread(now))]


def _least_wanted(free: Sequence[Jail]) -> int:
    """Which goes: the oldest whose view of the project or test file is of the past, else the oldest."""
    latest = {zygote.recipe.kind: zygote.recipe for zygote in free}
    past = (i for i, zygote in enumerate(free) if zygote.recipe != latest[zygote.recipe.kind])
    return next(past, 0)


def _check(cancel: threading.Event | None) -> None:
    if cancel is not None and cancel.is_set():
        raise SandboxCancelled("The run was cancelled.")

"""The parent's hand on one jail: start its zygote, ask it for forks, start it again when it is gone."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import tempfile
import threading
import time
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Any, Protocol

from genx_sandbox.errors import SandboxCancelled, SandboxError, SandboxUnavailable
from genx_sandbox.forks import Fork, ForkLine, Gone
from genx_sandbox.jail.bubblewrap import DATA_FD
from genx_sandbox.jail.launched import Launched

START_SECONDS = 60.0
_TICK = 0.015
BOOT = (
    "import sys; sys.path.append('/genx/guest'); from genx_guest import zygote; "
    "sys.path.remove('/genx/guest'); zygote.main(int(sys.argv[1]), sys.argv[2])"
)


@dataclass(frozen=True)
class Recipe:
    """How to start one kind of zygote."""

    command: tuple[str, ...]
    """Launcher and its arguments, up to where the interpreter's own come."""
    interpreter: str
    profile: dict[str, Any]
    """`grade`, `limits`, `writable`, `writable_bytes`, `preload`, `namespaces`: see the guest."""
    boot: str = BOOT
    alone: bool = False
    """No zygote: a process for each program (the degraded level)."""

    @property
    def kind(self) -> tuple[object, object]:
        """What it is for, whatever the project looks like: the grade, and whether it is the twin."""
        return self.profile["grade"], self.profile.get("twin", False)


class Task(Protocol):
    """What forks are made for: one for each line of the zygote, the one that reports last."""

    shared: tuple[bytes, ...]
    """What forks of a run have in common, told once; one object for all programs of the run."""

    def requests(self) -> tuple[bytes, ...]:
        """What each fork is to do."""


class Zygote:
    """One jail with one zygote (two in the split grade). Not thread-safe; a slot owns it."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self._jail: Launched | None = None
        self._lines: list[ForkLine] = []
        self._condemned = False
        self._starting: tuple[socket.socket, IO[bytes]] | None = None
        """Of a jail on its way up: where it will say that it is ready, and what it complains of."""
        self.facts: dict[str, Any] = {}
        _all.add(self)

    @property
    def pid(self) -> int:
        """Host pid of the launcher, 0 while none runs."""
        return self._jail.pid if self._jail else 0

    def inner_pid(self) -> int:
        """Host pid of the zygote itself, below its launcher."""
        pid = self.pid
        while _is_launcher(pid) and (children := _children(pid)):
            pid = children[0]
        return pid

    @property
    def apart(self) -> bool:
        """Whether its forks can neither leave processes behind nor reach each other."""
        return bool(self.facts.get("apart"))

    def knows(self, shared: tuple[bytes, ...]) -> bool:
        """Whether its forks were told already what they share."""
        return len(self._lines) == len(shared) and all(
            line.shared is told for line, told in zip(self._lines, shared, strict=True)
        )

    def alive(self) -> bool:
        """Whether the jail stands."""
        standing = self._jail is not None and self._jail.stands()
        return standing and not any(line.abandoned for line in self._lines)

    def start(self, cancel: threading.Event | None = None) -> None:
        """Start the jail and wait until its zygote is ready. Raises SandboxUnavailable, SandboxCancelled."""
        self.launch()
        self._await(cancel)

    def launch(self) -> None:
        """Start the jail and go on; who asks for a fork first waits until it is ready.

        To be called in a thread that lives as long as the jail may: it ends with that thread.
        Raises SandboxUnavailable.
        """
        self.close()
        if self._condemned:
            raise SandboxError("This sandbox has been closed.")
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._lines = [ForkLine(ours)]
        complaints = _scrap()
        self._starting = ours, complaints
        try:
            self._launch(theirs, complaints)
        except OSError as error:
            self.close()
            raise SandboxUnavailable(f"The sandbox could not be started: {error}.") from error
        finally:
            theirs.close()

    def _await(self, cancel: threading.Event | None) -> None:
        assert self._jail is not None
        assert self._starting is not None
        jail, (control, complaints) = self._jail, self._starting
        try:
            facts, fds = _ready(control, jail, cancel)
            for fd in fds:
                # The split grade's second zygote, which forks tests.
                other = socket.socket(fileno=fd)
                self._lines.append(ForkLine(other))
                facts = facts and _ready(other, jail, cancel)[0]
        except SandboxCancelled:
            self.close()
            raise
        if not facts:
            complaints.seek(0)
            said = complaints.read(4000).decode("utf-8", "replace").strip()
            self.close()
            last = said.splitlines()[-1] if said else "it ended without a word"
            raise SandboxUnavailable(f"The sandbox could not be started: {last}.")
        self._hear_no_more()
        jail.tie()
        self.facts = facts

    def _hear_no_more(self) -> None:
        starting, self._starting = self._starting, None
        if starting is not None:
            starting[1].close()

    def _launch(self, control: socket.socket, complaints: IO[bytes]) -> Launched:
        empty = os.open(os.devnull, os.O_RDONLY)
        try:
            words = [str(empty) if word == DATA_FD else word for word in self.recipe.command]
            line = [*words, self.recipe.interpreter, "-I", "-B", "-c", self.recipe.boot]
            line += [str(control.fileno()), json.dumps(self._profile())]
            self._jail = Launched(line, [control.fileno(), empty], complaints)
            return self._jail
        finally:
            os.close(empty)

    def _profile(self) -> dict[str, Any]:
        known = {name: value for name, value in self.recipe.profile.items() if name != "signature"}
        return {**known, "parent": os.getpid()}

    def fork(self, task: Task, cancel: threading.Event | None = None, more: bool = False) -> Fork:
        """A child that does what `task` asks. Starts the jail again if it is gone.

        `more`: another will be wanted soon, so one is made to stand ready where forks are kept apart.
        """
        for attempt in range(3):
            if not self.alive():
                self.start(cancel)
            elif self._starting is not None:
                self._await(cancel)
            taken: list[Fork] = []
            try:
                self._take(task, cancel, attempt == 0, taken)
                if more and self.apart:
                    self._order()
            except Gone:
                _drop(taken)
                self.close()
                continue
            except SandboxCancelled:
                _drop(taken)
                raise
            if len(taken) > 1:
                taken[-1].partner = taken[0]
            return taken[-1]
        raise SandboxError("The sandbox's zygote dies whenever it is asked to fork; see `genx-lsp doctor`.")

    def _take(self, task: Task, cancel: threading.Event | None, compiled: bool, taken: list[Fork]) -> None:
        for line, shared in zip(self._lines, task.shared, strict=True):
            line.share(shared, compiled)
        if not self._lines[0].ordered:
            self._order()
        # One by one: where the second never comes, the first has to be ended.
        for line in self._lines:
            taken += [line.take(cancel)]
        # The one that reports comes last, and must not start before its partner was told.
        for fork, request in zip(taken, task.requests(), strict=True):
            fork.ask(request)

    def _order(self) -> None:
        if len(self._lines) == 1:
            self._lines[0].order()
            return
        one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with one, other:
            for line, end in zip(self._lines, (one, other), strict=True):
                line.order(end)

    def rest(self) -> None:
        """End what stands ready: the run is over, and nobody may come for it."""
        with contextlib.suppress(Gone):
            for line in self._lines:
                line.rest()

    def kill(self) -> None:
        """End the jail for good, from any thread; the run that uses it will find out."""
        self._condemned = True
        jail = self._jail
        if jail is not None:
            jail.kill()

    def close(self) -> None:
        """End the jail and everything in it."""
        self._hear_no_more()
        lines, self._lines = self._lines, []
        jail, self._jail = self._jail, None
        for line in lines:
            line.close()
        if jail is not None:
            jail.end()

    def let_go(self) -> None:
        """In a fork of this process: leave the jail to the parent, and hold nothing that keeps it up."""
        for line in self._lines:
            line.let_go()
        if self._jail is not None:
            self._jail.let_go()
        self._hear_no_more()
        self._lines, self._jail = [], None


_all: weakref.WeakSet[Zygote] = weakref.WeakSet()


def _let_go() -> None:
    for zygote in list(_all):
        zygote.let_go()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)


def _drop(forks: list[Fork]) -> None:
    for fork in forks:
        fork.end(wait=False)


def _scrap() -> IO[bytes]:
    """A file in memory, where the system has such: a full disk is no reason not to start a jail."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("genx-complaints"), "w+b")
    return tempfile.TemporaryFile()


def _ready(
    control: socket.socket, jail: Launched, cancel: threading.Event | None
) -> tuple[dict[str, Any], list[int]]:
    """What a zygote says once it is ready; empty if it never does. Raises SandboxCancelled."""
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up:
        if cancel is not None and cancel.is_set():
            raise SandboxCancelled("The run was cancelled.")
        control.settimeout(_TICK)
        try:
            message, fds, _, _ = socket.recv_fds(control, 4096, 1)
        except TimeoutError:
            # A launcher that was killed half way leaves a line on which nobody will ever speak.
            if not jail.stands():
                break
            continue
        except OSError:
            break
        if not message.startswith(b"R"):
            break
        return json.loads(message[1:]), fds
    return {}, []


def _is_launcher(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/comm", encoding="ascii", errors="replace") as name:
            return name.read().strip() == "bwrap"
    except OSError:
        return False


def _children(pid: int) -> list[int]:
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as listed:
            return [int(word) for word in listed.read().split()]
    except OSError:
        return []


def preload_for(grade: str, wanted: Sequence[str] = ()) -> Sequence[str]:
    """Standard modules a zygote imports once, so that its forks need not: the usual and the wanted ones."""
    usual = ["abc", "collections", "copy", "dataclasses", "datetime", "decimal", "enum", "functools", "heapq"]
    usual += ["itertools", "json", "math", "operator", "random", "re", "string", "typing"]
    more = {"items": ["asyncio", "inspect", "tempfile", "unittest"], "split": ["inspect"]}
    return list(dict.fromkeys([*usual, *more.get(grade, []), *wanted]))

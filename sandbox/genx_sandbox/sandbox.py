"""The way in: one `Sandbox` per workspace, blocking calls, cancellable from any thread."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Protocol

from genx_sandbox import levels
from genx_sandbox.conversation import CallsConversation, place, shared_calls
from genx_sandbox.errors import SandboxError
from genx_sandbox.items_conversation import (
    ItemsConversation,
    SplitConversation,
    shared_file,
    shared_split,
)
from genx_sandbox.limits import Limits
from genx_sandbox.outcomes import ItemsResult, Level, ProgramResult
from genx_sandbox.pool import Pool
from genx_sandbox.programs import Call, Program, TestFile, Workspace
from genx_sandbox.recipes import Recipes
from genx_sandbox.slots import MACHINE, Slots
from genx_sandbox.zygote import Recipe


class Executor(Protocol):
    """What the engine asks of an executor: local processes now, a cluster behind the same words later."""

    @property
    def level(self) -> Level:
        """The level in force."""

    def run_calls(
        self, programs: Sequence[Program], calls: Sequence[Call], cancel: threading.Event | None = None
    ) -> Iterator[ProgramResult]:
        """Run every call on every program (values grade); yield each program's result as it ends."""

    def repeat_calls(
        self, programs: Sequence[Program], calls: Sequence[Call], cancel: threading.Event | None = None
    ) -> Iterator[ProgramResult]:
        """The same under another hash seed and another state of `random`: what differs is flaky."""

    def run_items(
        self, programs: Sequence[Program], file: TestFile, cancel: threading.Event | None = None
    ) -> Iterator[ItemsResult]:
        """Run a pytest file on every program (items grade), each in a fork of its own."""

    def run_split(
        self, programs: Sequence[Program], file: TestFile, cancel: threading.Event | None = None
    ) -> Iterator[ItemsResult]:
        """Run a file's test functions in one process and each program in another (split grade)."""

    def prepare(self, file: Path) -> None:
        """Start at leisure what runs of calls, and of `file` as pytest items, need where that takes time."""

    def close(self) -> None:
        """End every process of it."""


class Sandbox:
    """Runs programs of one workspace in jails. Thread-safe; starts nothing before the first run.

    `jobs` programs run at once, over all runs of this sandbox; with 0 it shares all cores but one with every
    other sandbox of this process that has no number of its own. Processes that stand ready and are asked for
    nothing end after `idle_seconds`, and are started again by the next run; with 0 they stay.
    `level` is the one that the self-test finds unless one is named. Runs raise SandboxUnavailable,
    InterpreterError, or SandboxCancelled once `cancel` is set.
    """

    def __init__(
        self,
        workspace: Workspace,
        limits: Limits | None = None,
        jobs: int = 0,
        level: Level | None = None,
        idle_seconds: float = 0.0,
    ) -> None:
        self._level = level
        self._workspace = workspace
        self._limits = limits or Limits()
        self._recipes = Recipes(workspace, self._limits)
        self._pool = Pool(Slots(jobs) if jobs > 0 else MACHINE, idle_seconds)

    @property
    def level(self) -> Level:
        """The level in force, as the self-test found it since the machine started, or as it was asked for."""
        return self._level or levels.in_force()

    def run_calls(
        self, programs: Sequence[Program], calls: Sequence[Call], cancel: threading.Event | None = None
    ) -> Iterator[ProgramResult]:
        """Run every call on every program (values grade); yield each program's result as it ends."""
        return self._run_calls(programs, calls, self._recipe("values"), cancel)

    def _run_calls(
        self,
        programs: Sequence[Program],
        calls: Sequence[Call],
        recipe: Callable[[], Recipe],
        cancel: threading.Event | None,
    ) -> Iterator[ProgramResult]:
        shared = shared_calls(calls, self._place())
        # Not a list: a conversation holds its outcomes, and the run must not hold all of them to its end.
        talks = (CallsConversation(p, len(calls), shared, self._limits) for p in programs)
        return self._pool.run(recipe, talks, cancel)

    def repeat_calls(
        self, programs: Sequence[Program], calls: Sequence[Call], cancel: threading.Event | None = None
    ) -> Iterator[ProgramResult]:
        """The same as `run_calls`, under a second zygote: another hash seed, another state of `random`.

        A call whose outcome has another `key` than it had in `run_calls` is flaky.
        """
        return self._run_calls(programs, calls, self._recipe("values", twin=True), cancel)

    def run_items(
        self, programs: Sequence[Program], file: TestFile, cancel: threading.Event | None = None
    ) -> Iterator[ItemsResult]:
        """Run a pytest file on every program (items grade), each in a fork of its own.

        The file exists only inside the jail, at its path; a private /tmp is writable, nothing else.
        """
        shared = shared_file(file, self._place())
        talks = (ItemsConversation(p, file, shared, self._limits) for p in programs)
        level = self._level_of_run()
        return self._pool.run(lambda: self._recipes.items(level(), file.path), talks, cancel)

    def run_split(
        self, programs: Sequence[Program], file: TestFile, cancel: threading.Event | None = None
    ) -> Iterator[ItemsResult]:
        """Run a file's test functions in one process and each program in another (split grade).

        For plain functions, parametrised or not (see `grades`); a test that turns out to need the
        program's objects in its own process is `refused`.
        """
        shared = shared_split(file, self._place())
        talks = (SplitConversation(p, file, shared, self._limits) for p in programs)
        return self._pool.run(self._recipe("split"), talks, cancel)

    def prepare(self, file: Path) -> None:
        """Start what runs of calls, their repetition, and running `file` as pytest items will need.

        Returns at once: a jail takes a tenth of a second to stand, pytest's zygote several. They end with the
        calling thread.
        """
        if self.level is Level.FULL:
            with contextlib.suppress(SandboxError):
                for twin in (False, True):
                    self._pool.prepare(self._recipes.closed(Level.FULL, "values", twin))
                self._pool.prepare(self._recipes.items(Level.FULL, file))

    def zygotes(self) -> tuple[int, ...]:
        """Process ids of the idle zygotes, the one used last at the end: for figures about memory."""
        return self._pool.zygotes()

    def close(self) -> None:
        """End every process of it, from any thread. Runs under way raise SandboxError."""
        self._pool.close()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _recipe(self, grade: str, twin: bool = False) -> Callable[[], Recipe]:
        level = self._level_of_run()
        return lambda: self._recipes.closed(level(), grade, twin)

    def _level_of_run(self) -> Callable[[], Level]:
        """The level, asked for when the run begins: asking takes longer than a small program."""
        return lru_cache(maxsize=1)(lambda: self.level)

    def _place(self) -> dict[str, object]:
        root = self._workspace.root
        return place(str(root or "/"), [str(r) for r in self._workspace.import_roots], self._limits)

"""The way in: one `Sandbox` per workspace, blocking calls, cancellable from any thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol

from genx_sandbox import levels
from genx_sandbox.conversation import CallsConversation, shared_calls
from genx_sandbox.errors import SandboxUnavailable
from genx_sandbox.items_conversation import ItemsConversation, SplitConversation, shared_file
from genx_sandbox.jail import bubblewrap, interpreter, landlocked, overlay, view
from genx_sandbox.limits import Limits
from genx_sandbox.outcomes import ItemsResult, Level, ProgramResult
from genx_sandbox.pool import Pool, usable_jobs
from genx_sandbox.programs import Call, Program, TestFile, Workspace
from genx_sandbox.zygote import Recipe, preload_for

# How long a view of the project is trusted before it is searched for new secrets again.
_VIEW_SECONDS = 10.0
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/nonexistent"}


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

    def close(self) -> None:
        """End every process of it."""


class Sandbox:
    """Runs programs of one workspace in jails. Thread-safe; starts nothing before the first run.

    `jobs` programs run at once, over all runs of this sandbox; 0 leaves one core free.
    `level` is the one that the self-test finds unless one is named. Runs raise SandboxUnavailable,
    InterpreterError, or SandboxCancelled once `cancel` is set.
    """

    def __init__(
        self,
        workspace: Workspace,
        limits: Limits | None = None,
        jobs: int = 0,
        level: Level | None = None,
    ) -> None:
        self._level = level
        self._workspace = workspace
        self._limits = limits or Limits()
        self._jobs = usable_jobs(jobs)
        self._lock = threading.Lock()
        self._views: dict[bool, tuple[float, view.View]] = {}
        self._landlock: tuple[view.View, landlocked.Rules] | None = None
        self._pool = Pool(self._jobs)

    @property
    def level(self) -> Level:
        """The level in force, as the self-test found it since the machine started, or as it was asked for."""
        return self._level or levels.in_force()

    def run_calls(
        self, programs: Sequence[Program], calls: Sequence[Call], cancel: threading.Event | None = None
    ) -> Iterator[ProgramResult]:
        """Run every call on every program (values grade); yield each program's result as it ends."""
        return self._run_calls(programs, calls, self._calls_recipe, cancel)

    def _run_calls(
        self,
        programs: Sequence[Program],
        calls: Sequence[Call],
        recipe: Callable[[], Recipe],
        cancel: threading.Event | None,
    ) -> Iterator[ProgramResult]:
        folder, roots = self._places()
        shared = shared_calls(calls)
        # Not a list: a conversation holds its outcomes, and the run must not hold all of them to its end.
        talks = (CallsConversation(p, len(calls), shared, self._limits, folder, roots) for p in programs)
        return self._pool.run(recipe, talks, cancel)

    def repeat_calls(
        self, programs: Sequence[Program], calls: Sequence[Call], cancel: threading.Event | None = None
    ) -> Iterator[ProgramResult]:
        """The same as `run_calls`, under a second zygote: another hash seed, another state of `random`.

        A call whose outcome has another `key` than it had in `run_calls` is flaky.
        """
        return self._run_calls(programs, calls, lambda: self._closed_recipe("values", twin=True), cancel)

    def run_items(
        self, programs: Sequence[Program], file: TestFile, cancel: threading.Event | None = None
    ) -> Iterator[ItemsResult]:
        """Run a pytest file on every program (items grade), each in a fork of its own.

        The file exists only inside the jail, at its path; a private /tmp is writable, nothing else.
        """
        folder, roots = self._places()
        shared = shared_file(file)
        talks = (ItemsConversation(p, file, shared, self._limits, folder, roots) for p in programs)
        return self._pool.run(lambda: self._items_recipe(file.path), talks, cancel)

    def run_split(
        self, programs: Sequence[Program], file: TestFile, cancel: threading.Event | None = None
    ) -> Iterator[ItemsResult]:
        """Run a file's test functions in one process and each program in another (split grade).

        For plain functions, parametrised or not (see `grades`); a test that turns out to need the
        program's objects in its own process is `refused`.
        """
        folder, roots = self._places()
        talks = (SplitConversation(p, file, self._limits, folder, roots) for p in programs)
        return self._pool.run(self._split_recipe, talks, cancel)

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

    def _places(self) -> tuple[str, list[str]]:
        root = self._workspace.root
        return (str(root) if root else "/"), [str(r) for r in self._workspace.import_roots]

    def _look(self, python: interpreter.Interpreter, whole_system: bool) -> view.View:
        with self._lock:
            taken, seen = self._views.get(whole_system, (0.0, None))
            if seen is not None and time.monotonic() - taken < _VIEW_SECONDS and seen.holds():
                return seen
            fresh = view.look(self._workspace, python, whole_system)
            self._views[whole_system] = (time.monotonic(), fresh)
            return fresh

    def _calls_recipe(self) -> Recipe:
        return self._closed_recipe("values")

    def _split_recipe(self) -> Recipe:
        return self._closed_recipe("split")

    def _closed_recipe(self, grade: str, twin: bool = False) -> Recipe:
        """A zygote for the grades in which no path can be written to.

        Forks share their zygote's hash seed, which Python draws anew for each process that it starts.
        """
        level = self._usable_level()
        python = interpreter.examine(self._workspace.interpreter)
        seen = self._look(python, whole_system=False)
        profile: dict[str, object] = {
            "writable": [],
            "writable_bytes": 0,
            "preload": preload_for(grade),
            "pytest": False,
            "split": grade == "split",
            "twin": twin,
            "namespaces": level is Level.FULL,
        }
        if level is Level.REDUCED:
            rules = self._rules(seen)
            # The signature is told so that a zygote with rules for replaced files is not used again.
            profile.update(readable=rules.readable, listable=rules.listable, signature=rules.signature)
            return Recipe((), str(python.executable), profile, landlocked.BOOT)
        site = overlay.own_pytest() if grade == "split" else ()
        command = bubblewrap.command(_bwrap(), seen, _ENVIRONMENT, site=site)
        return Recipe(tuple(command), str(python.executable), profile)

    def _usable_level(self) -> Level:
        level = self.level
        levels.require(level)
        return level

    def _rules(self, seen: view.View) -> landlocked.Rules:
        with self._lock:
            known = self._landlock
            if known is None or known[0] is not seen or not known[1].hold():
                known = self._landlock = (seen, landlocked.rules(seen))
            return known[1]

    def _items_recipe(self, file: Path) -> Recipe:
        if self._usable_level() is not Level.FULL:
            raise SandboxUnavailable(levels.ITEMS_NEED_FULL)
        python = interpreter.examine(self._workspace.interpreter)
        seen = self._look(python, whole_system=True)
        command = bubblewrap.command(
            _bwrap(),
            seen,
            {**_ENVIRONMENT, "HOME": "/tmp", "TMPDIR": "/tmp"},
            tmpfs_bytes=self._limits.scratch_bytes,
            site=overlay.own_pytest(),
            over=overlay.overlay(file.absolute(), seen),
        )
        profile = {
            "writable": ["/tmp", str(file.absolute())],
            "writable_bytes": self._limits.scratch_bytes,
            "preload": preload_for("items"),
            "pytest": True,
            "split": False,
            "namespaces": True,
        }
        return Recipe(tuple(command), str(python.executable), profile)


def _bwrap() -> Path:
    found = bubblewrap.find()
    if found is None:
        raise SandboxUnavailable(levels.NO_BWRAP)
    return found

"""`genx-lsp watch`: on save, in a terminal, what the editor does."""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from genx_lsp.cli.subject import settings_for
from genx_lsp.cli.terminal import err, out
from genx_lsp.cli.wording import counts, where
from genx_lsp.cli.work import Want, cancelled_by_ctrl_c, opened
from genx_lsp.errors import TargetError

if TYPE_CHECKING:
    from rich.status import Status

    from genx_lsp.cli.saves import Changes
    from genx_lsp.engine import Engine
    from genx_lsp.feedback import FeedbackStore
    from genx_lsp.findings import Findings
    from genx_lsp.target import Target

_SETTLE_SECONDS = 0.15
"""A save arrives as several events (truncate, write, rename); the file is read once they have ended."""

_LOOK_UP_SECONDS = 1.0
"""Python runs the handler of a signal that comes just before a wait begins only after the wait."""


def watch(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to watch, with all below it.")],
    tests: Annotated[bool, typer.Option("--tests", help="Tests only.")] = False,
    fixes: Annotated[bool, typer.Option("--fixes", help="Fixes only.")] = False,
    model: Annotated[str, typer.Option(help="Name of a model, or a .gguf file.")] = "",
) -> None:
    """Print tests and fixes for each function as it changes. Ctrl-C ends it."""
    from genx_lsp.cli.saves import Changes
    from genx_lsp.session.observing import folders, observed

    def is_python(path: Path) -> bool:
        return path.suffix == ".py"

    folder = folder.absolute()
    if not folder.is_dir():
        raise TargetError(f"{folder} is no folder.")
    want: Want = "both" if tests == fixes else "tests" if tests else "fixes"
    settings = settings_for(folder, {"model": {"code": model or None}})
    with opened(folder, settings) as (engine, store):
        changes = Changes(engine.project)
        watching = _Watching(engine, store, want, changes, folder)
        for place in folders(folder):
            for file in sorted(place.glob("*.py")):
                changes.learn(file)
        with (
            observed(folder, lambda path: path.suffix == ".py", watching.saved),
            cancelled_by_ctrl_c(watching.stop),
        ):
            err().print(f"Watching {folder}. Save a Python file; Ctrl-C ends.", soft_wrap=True)
            watching.run()
    err().print("Ended.")


@dataclass(frozen=True)
class _Saved:
    path: Path


@dataclass(frozen=True)
class _Stop:
    pass


@dataclass(frozen=True)
class _Found:
    job: _Job
    findings: Findings


@dataclass(frozen=True)
class _Ended:
    job: _Job
    error: Exception | None = None


@dataclass
class _Job:
    target: Target
    cancel: threading.Event
    thread: threading.Thread | None = None


class _Watching:
    """One loop in the main thread; saves, findings and Ctrl-C all arrive as messages in one queue."""

    def __init__(
        self, engine: Engine, store: FeedbackStore | None, want: Want, changes: Changes, root: Path
    ) -> None:
        self._engine = engine
        self._store = store
        self._want = want
        self._changes = changes
        self._root = root
        # Reentrant, unlike queue.Queue: the signal handler may put into it at any moment.
        self._messages: queue.SimpleQueue[_Saved | _Stop | _Found | _Ended] = queue.SimpleQueue()
        self._due: dict[Path, float] = {}
        self._job: _Job | None = None

    def saved(self, path: Path) -> None:
        """A file was written; may be called from any thread."""
        self._messages.put(_Saved(path))

    def stop(self) -> None:
        """End the loop; may be called from a signal handler."""
        self._messages.put(_Stop())

    def run(self) -> None:
        """Work until `stop`. Raises what a job raised."""
        with err().status("") as status:
            status.stop()
            try:
                while True:
                    message = self._next()
                    if isinstance(message, _Stop):
                        return
                    self._take(message, status)
                    self._settle()
                    self._begin(status)
            finally:
                self._cancel()

    def _next(self) -> _Saved | _Stop | _Found | _Ended | None:
        wait = max(0.0, min(self._due.values()) - time.monotonic()) if self._due else _LOOK_UP_SECONDS
        try:
            return self._messages.get(timeout=wait)
        except queue.Empty:
            return None

    def _take(self, message: _Saved | _Found | _Ended | None, status: Status) -> None:
        if isinstance(message, _Saved):
            self._due[message.path] = time.monotonic() + _SETTLE_SECONDS
        elif isinstance(message, _Found) and message.job is self._job:
            findings = message.findings
            if findings.stage == "final":
                status.stop()
                self._show(findings)
            else:
                status.update(
                    f"{where(findings.target, self._root)}: {findings.activity}  {counts(findings)}"
                )
        elif isinstance(message, _Ended) and message.job is self._job:
            status.stop()
            self._job = None
            if message.error is not None:
                raise message.error

    def _settle(self) -> None:
        now = time.monotonic()
        for path in [path for path, due in self._due.items() if due <= now]:
            del self._due[path]
            changed = self._changes.saved(path)
            job = self._job
            if job and job.target.path == path and job.target.qualified_name in changed:
                self._cancel()

    def _begin(self, status: Status) -> None:
        target = self._changes.next()
        if self._job is not None or target is None:
            return
        self._job = job = _Job(target, threading.Event())
        job.thread = threading.Thread(target=self._work, args=(job,), name="genx-watch")
        job.thread.start()
        status.update(where(target, self._root))
        status.start()

    def _work(self, job: _Job) -> None:
        error: Exception | None = None
        try:
            for findings in self._engine.work(job.target, self._want, job.cancel):
                self._messages.put(_Found(job, findings))
        except Exception as raised:
            error = raised
        self._messages.put(_Ended(job, None if job.cancel.is_set() else error))

    def _show(self, findings: Findings) -> None:
        from genx_lsp.cli.tables import block

        self._changes.done(findings.target)
        if self._store:
            self._store.shown(findings)
        out().print(block(findings, self._root))
        out().print()

    def _cancel(self) -> None:
        """End the running job, and wait until it has: the engine does one at a time."""
        job, self._job = self._job, None
        if job and job.thread:
            job.cancel.set()
            job.thread.join()

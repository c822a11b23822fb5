"""The engines of a session, in a process of their own that is there while there is work."""

from __future__ import annotations

import itertools
import logging
import math
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from genx_lsp.candidate import CallTest
from genx_lsp.config import Settings
from genx_lsp.engine_process import messages
from genx_lsp.engine_process.engines import Anchors, Engine, Want
from genx_lsp.engine_process.messages import Check, Ended, Hello, Prepare, Reply, Told, Viewed, Wanted, Work
from genx_lsp.engine_process.process import Process
from genx_lsp.errors import Unavailable
from genx_lsp.findings import Findings, MatrixView
from genx_lsp.project import Project
from genx_lsp.target import Target
from genx_models.lifetimes import Idleness
from genx_sandbox import SandboxCancelled

_log = logging.getLogger(__name__)

_GLANCE = 0.02
"""How often, in seconds, whoever waits looks whether it is still to wait."""
_STOP_SECONDS = 10.0
"""What was cancelled and is not over after so long is ended with its process."""
_BACK_OFF = (0.5, 2.0, 8.0, 30.0)
"""Seconds after each of so many deaths in a row for which the next job waits; the last goes on for ever."""


class EngineProcess:
    """Starts the process for the first job and ends it when it has been idle for a while.

    A job outlives the first death of it: it begins anew in the next. `anchors` is asked, in the thread that
    waits for the job, for tests that the user took before.
    """

    def __init__(self, anchors: Anchors) -> None:
        self._anchors = anchors
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._process: Process | None = None
        self._ready = False
        """The process has said hello."""
        self._failures = 0
        self._not_before = 0.0
        self._idleness = Idleness(self._take)
        self._closed = False

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        process = self._process
        return process.pid if process is not None and process.alive else None

    def engine(self, project: Project, path: Path, settings: Settings) -> Engine:
        """The project's engine over there. Nothing is started by this."""
        return _Engine(self, project, path, settings)

    def expect(self, project: Project, path: Path, settings: Settings) -> None:
        """Have the process, if there is one, start what a job on the file will need."""
        process = self._process
        if process is not None:
            process.send(messages.Expect(project, path, settings))

    def rest(self) -> None:
        """Have the process, if there is one, let go of what it needs only at work."""
        process = self._process
        if process is not None:
            process.send(messages.Rest())

    def restart(self) -> None:
        """End the process; the next job starts another at once, however many have died."""
        self._failures, self._not_before = 0, 0.0
        self._end()

    def close(self) -> None:
        """End it for good. Whoever waits for it is told."""
        self._closed = True
        self._idleness.close()
        self._end()

    def ask(
        self,
        project: Project,
        path: Path,
        settings: Settings,
        what: Work | Check | Prepare,
        cancel: threading.Event | None,
    ) -> Iterator[Told | Viewed]:
        """What comes of a request. Raises `Unavailable` and `SandboxCancelled`."""
        with self._idleness.interrupted(settings.model.idle_seconds):
            try:
                yield from self._ask(project, path, settings, what, cancel)
                return
            except _Died as death:
                if self._failures > 1:
                    # The one before did not end well either: it may be this very job that it dies of.
                    raise
                _log.warning("%s The job begins anew.", death)
            yield from self._ask(project, path, settings, what, cancel)

    def _ask(
        self,
        project: Project,
        path: Path,
        settings: Settings,
        what: Work | Check | Prepare,
        cancel: threading.Event | None,
    ) -> Iterator[Told | Viewed]:
        process = self._running(cancel)
        number = next(self._numbers)
        process.send(messages.Ask(number, project, path, settings, what))
        ended, stop_by = False, math.inf
        try:
            while True:
                if stop_by == math.inf and cancel is not None and cancel.is_set():
                    stop_by = time.monotonic() + _STOP_SECONDS
                    process.send(messages.Cancel(number))
                if time.monotonic() > stop_by:
                    _log.warning("GenX's engine did not stop a job that was cancelled, and was ended.")
                    self._end(process.kill)
                    raise SandboxCancelled
                reply = self._next(process)
                if reply is None:
                    continue
                if isinstance(reply, Wanted):
                    process.send(messages.Answer(tuple(self._anchors(reply.target))))
                elif isinstance(reply, Ended) and reply.number == number:
                    ended = True
                    self._failures = 0
                    _raise(reply)
                    return
                elif isinstance(reply, (Told, Viewed)) and reply.number == number:
                    yield reply
        finally:
            if not ended:
                process.send(messages.Cancel(number))

    def _next(self, process: Process) -> Reply | None:
        """The next message, or None when it is time to look around. Raises `_Died`."""
        try:
            reply = process.replies.get(timeout=_GLANCE)
        except queue.Empty:
            process.check_pulse()
            return None
        if reply is None:
            if self._closed:
                raise SandboxCancelled
            if self._process is not process:
                # Someone wanted it restarted, and so not what it was doing.
                raise SandboxCancelled
            self._note_death()
            raise _Died(process.obituary)
        return reply

    # -- the process -------------------------------------------------------------------------------

    def _running(self, cancel: threading.Event | None) -> Process:
        """The process, once it listens. Raises `Unavailable`, `_Died`, `SandboxCancelled`."""
        process = self._process
        if process is None or not process.alive:
            if process is not None:
                _log.warning("%s Another is started.", process.obituary)
            self._wait_for_turn(cancel)
            process = self._started()
        while not self._ready:
            if cancel is not None and cancel.is_set():
                raise SandboxCancelled
            self._ready = isinstance(self._next(process), Hello)
        return process

    def _started(self) -> Process:
        with self._lock:
            if self._closed:
                raise SandboxCancelled
            self._ready = False
            try:
                self._process = Process()
            except (OSError, RuntimeError) as error:
                # Nothing has run, so nothing is to be spared another try.
                raise Unavailable(
                    f"GenX's engine could not be started: {error}. Close programs that are not needed, and "
                    "save again."
                ) from error
            return self._process

    def _wait_for_turn(self, cancel: threading.Event | None) -> None:
        """Sit out the back-off. Raises `SandboxCancelled`."""
        while (left := self._not_before - time.monotonic()) > 0:
            if self._closed or (cancel is not None and cancel.is_set()):
                raise SandboxCancelled
            time.sleep(min(left, _GLANCE))

    def _note_death(self) -> None:
        self._not_before = time.monotonic() + _BACK_OFF[min(self._failures, len(_BACK_OFF) - 1)]
        self._failures += 1

    def _end(self, how: Callable[[], None] | None = None) -> None:
        process = self._take()
        self._idleness.forget()
        if process is not None:
            (how or process.end)()

    def _take(self) -> Process | None:
        with self._lock:
            process, self._process = self._process, None
        return process


class _Engine:
    """One project's engine over there."""

    def __init__(self, owner: EngineProcess, project: Project, path: Path, settings: Settings) -> None:
        self._owner = owner
        self._where = (project, path, settings)

    def work(
        self, target: Target, want: Want = "both", cancel: threading.Event | None = None
    ) -> Iterator[Findings]:
        """See `Engine.work`; the matrix of the findings comes packed. Raises `SandboxCancelled` where it was
        not `cancel` that stopped it."""
        try:
            for reply in self._owner.ask(*self._where, Work(target, want), cancel):
                if isinstance(reply, Told):
                    yield replace(reply.findings, target=target)
        except SandboxCancelled:
            if cancel is None or not cancel.is_set():
                raise

    def outcomes(
        self, target: Target, tests: Sequence[CallTest], cancel: threading.Event | None = None
    ) -> MatrixView:
        """See `Engine.outcomes`."""
        for reply in self._owner.ask(*self._where, Check(target, tuple(tests)), cancel):
            if isinstance(reply, Viewed):
                return reply.view
        raise SandboxCancelled

    def prepare(self, path: Path) -> None:
        """See `Engine.prepare`."""
        for _ in self._owner.ask(*self._where, Prepare(path), None):
            pass

    def rest(self) -> None:
        """All engines rest together: see `EngineProcess.rest`."""

    def close(self) -> None:
        """All engines end together: see `EngineProcess.close`."""


class _Died(Unavailable):
    """The process ended under a request."""


def _raise(end: Ended) -> None:
    if end.failure == "cancelled":
        raise SandboxCancelled
    if end.failure == "known":
        raise Unavailable(end.text)
    if end.failure == "fault":
        raise RuntimeError(f"in the engine's process:\n{end.text}")

"""The work that is waiting and the one job that runs, in a thread of our own."""

from __future__ import annotations

import logging
import threading
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

from genx_lsp.candidate import CallTest
from genx_lsp.config import Settings
from genx_lsp.engine_process import Engines, Want
from genx_lsp.errors import GenxError, Unavailable
from genx_lsp.findings import Findings, MatrixView
from genx_lsp.memory import give_back, one_arena
from genx_lsp.project import Project
from genx_lsp.session.threads import started
from genx_lsp.target import Target
from genx_models import ModelError
from genx_sandbox import SandboxCancelled, SandboxError

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Job:
    """One target to be worked on. Setting `cancel` stops it, waiting or running."""

    uri: str
    target: Target
    project: Project
    settings: Settings
    want: Want = "both"
    origin: Literal["save", "command"] = "save"
    writes_tests: bool = False
    """Someone asked for the tests: they are written as soon as they are there."""
    cancel: threading.Event = field(default_factory=threading.Event)
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    spoken: bool = False
    """It has given its first findings before, and then gave way to another."""
    check: tuple[CallTest, ...] = ()
    """Nothing is looked for: only these tests are run on the code as it stands."""

    def same_target(self, other: Job) -> bool:
        """Whether both work on one function of one document, so that the newer makes the other needless."""
        if self.check or other.check:
            return False
        return self.uri == other.uri and self.target.qualified_name == other.target.qualified_name

    def same_save(self, other: Job) -> bool:
        """Whether one and the same save has started both."""
        sources = self.target.module_source, other.target.module_source
        return self.origin == other.origin == "save" and self.uri == other.uri and sources[0] == sources[1]


@dataclass(frozen=True)
class Started:
    """The job thread took it up."""

    job: Job


@dataclass(frozen=True)
class Found:
    """Something is known about its target."""

    job: Job
    findings: Findings


@dataclass(frozen=True)
class Checked:
    """The tests of a job that only runs tests have been run: one row, in their order."""

    job: Job
    view: MatrixView


@dataclass(frozen=True)
class Ended:
    """Nothing more will come of it."""

    job: Job
    outcome: Literal["done", "cancelled", "failed"]
    message: str = ""
    """Why it failed, as a sentence."""


@dataclass(frozen=True)
class Held:
    """The job is the next one, and waits for better times."""

    job: Job
    reason: str
    """What it waits for, as a sentence."""


JobEvent: TypeAlias = Started | Found | Checked | Ended | Held


class Policy(Protocol):
    """What a session has to say about jobs. Called in the job thread."""

    def reluctance(self, job: Job) -> str:
        """Why the job should not be done now, as a sentence; empty if it should."""

    def shown(self, job: Job, findings: Findings) -> Findings:
        """The findings without what the user does not want to see."""

    def gets_ready(self, settings: Settings, at_work: bool) -> bool:
        """Whether the sandbox is to be made ready for a job that may come. `at_work`: beside another job.

        Called in the thread that calls `JobQueue.expect`, too.
        """


_LOOK_AGAIN_SECONDS = 2.0
"""How often a job that is held looks whether times are better."""
_REST_SECONDS = 30.0
"""So long after the last job its memory is given back, or when its model is unloaded if that is sooner: the
next save would only ask for it again."""


class JobQueue:
    """Runs jobs one at a time: two would only halve each other's tokens a second.

    Jobs that someone waits for come before those that a save has started, and of those the latest save's
    come first: that is where the user is. The running job, if of an earlier save, gives way once its first
    findings are out, and begins anew when nothing else waits; from then on it gives way at once. A new job
    ends the one before it on the same target. Events go to `post`, in order, from the job thread and from
    the thread that called `submit` or `cancel`.
    """

    def __init__(self, engines: Engines, post: Callable[[JobEvent], None], policy: Policy) -> None:
        self._engines = engines
        self._post = post
        self._policy = policy
        self._changed = threading.Condition()
        self._waiting: deque[Job] = deque()
        self._running: Job | None = None
        self._spoken = False
        """The running job has given its first findings."""
        self._overtaken = False
        """Something waits that the running job is to give way to."""
        self._restart = False
        self._closed = False
        self._expected: tuple[Project, Path, Settings] | None = None
        """A file that is being edited: a job on it will come."""
        self._thread: threading.Thread | None = None

    def expect(self, project: Project, path: Path, settings: Settings) -> None:
        """Have the sandbox's processes start while someone types; beside a job, if its engines can do that.

        To be called where a look at the battery may take its time.
        """
        with self._changed:
            if self._closed:
                return
            at_work = self._running is not None or bool(self._waiting)
            if not at_work and self._thread is None:
                try:
                    self._thread = started(self._run, "genx-jobs")
                except Unavailable:
                    # The job itself will say so.
                    return
            if not at_work:
                self._expected = (project, path, settings)
                self._changed.notify()
        if at_work and self._policy.gets_ready(settings, at_work):
            self._engines.expect(project, path, settings)

    def submit(self, job: Job) -> None:
        """Queue a job; the thread is started by the first one. Where none can be had the job has failed."""
        superseded = self.cancel(job.same_target)
        refused = ""
        with self._changed:
            if self._closed:
                return
            if any(s.writes_tests for s in superseded) and not job.writes_tests:
                # Whoever asked for tests still wants them, now of the newer code.
                job = _asked_for(job)
            self._waiting.insert(self._place(job), job)
            running = self._running
            if running is not None and not running.cancel.is_set() and _overtakes(job, running):
                self._overtaken = True
                self._give_way(running)
            if self._thread is None:
                try:
                    self._thread = started(self._run, "genx-jobs")
                except Unavailable as error:
                    self._waiting.remove(job)
                    refused = str(error)
            self._changed.notify()
        if refused:
            self._post(Ended(job, "failed", refused))

    def _place(self, job: Job) -> int:
        """Where a new job goes: the first of those that someone waits for, or of those that saves started."""
        if job.origin == "command":
            return 0
        waiting = enumerate(self._waiting)
        return next(
            (i for i, other in waiting if other.origin == "save" and not job.same_save(other)),
            len(self._waiting),
        )

    def _give_way(self, running: Job) -> None:
        """With the lock held: stop the running job if something waits that it should not keep waiting."""
        if self._overtaken and self._spoken:
            running.cancel.set()

    def cancel(self, which: Callable[[Job], bool]) -> tuple[Job, ...]:
        """Stop the jobs for which `which` is true. The running one ends as soon as it looks at its event."""
        with self._changed:
            waiting = [job for job in self._waiting if which(job)]
            for job in waiting:
                self._waiting.remove(job)
                job.cancel.set()
            running = self._running
            if running is not None and which(running):
                # Not wanted any more, so it does not come back either.
                self._overtaken = False
            if running is not None and (running.cancel.is_set() or not which(running)):
                running = None
            if running is not None:
                running.cancel.set()
        for job in waiting:
            self._post(Ended(job, "cancelled"))
        return (*waiting, running) if running is not None else tuple(waiting)

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The running job, then those that wait."""
        with self._changed:
            return (*((self._running,) if self._running else ()), *self._waiting)

    def restart_engines(self) -> None:
        """Stop the running job and open models and sandbox anew before the next."""
        with self._changed:
            self._restart = True
            if self._running is not None:
                self._running.cancel.set()
            self._changed.notify()

    def close(self, seconds: float = 10.0) -> None:
        """Stop everything and end the thread and every process of the engines."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            if self._running is not None:
                self._running.cancel.set()
            self._changed.notify()
            thread = self._thread
        if thread is not None:
            thread.join(seconds / 2)
        # Closing the engines frees a thread that did not look at its event in time.
        self._engines.close()
        if thread is not None:
            thread.join(seconds / 2)

    def _run(self) -> None:
        one_arena()
        held: Held | None = None
        rested, rest = True, _REST_SECONDS
        while True:
            with self._changed:
                self._running = None
                bored = False
                while not (self._waiting or self._restart or self._closed or self._expected or bored):
                    bored = not self._changed.wait(None if rested else rest)
                if self._closed:
                    return
                restart, self._restart = self._restart, False
                expected, self._expected = self._expected, None
                job = self._waiting[0] if self._waiting else None
            if restart:
                self._engines.restart()
            if job is None:
                if expected is not None:
                    self._get_ready(*expected)
                    rested = False
                elif bored:
                    self._engines.rest()
                    give_back()
                    rested = True
                continue
            # Looked at without the lock: a submit or cancel never waits for it.
            reason = self._policy.reluctance(job) if job.origin == "save" else ""
            if reason and (held is None or (held.job, held.reason) != (job, reason)):
                held = Held(job, reason)
                self._post(held)
            if self._taken(job, reason):
                held = None
                rested, rest = False, min(_REST_SECONDS, job.settings.model.idle_seconds or _REST_SECONDS)
                self._work(job)

    def _get_ready(self, project: Project, path: Path, settings: Settings) -> None:
        if not self._policy.gets_ready(settings, at_work=False):
            return
        try:
            self._engines.engine(project, path, settings).prepare(path)
        except (GenxError, ModelError, SandboxError) as error:
            # The job that comes will say it to the user.
            _log.info("Nothing could be made ready for %s: %s", path.name, error)
        except Exception:
            # A fault of ours, or a file that is gone, must not end the thread that does the jobs.
            _log.exception("Nothing could be made ready for %s.", path.name)

    def _taken(self, job: Job, reason: str) -> bool:
        """Take the job up, unless it is to wait or has lost its place."""
        with self._changed:
            if self._closed or not self._waiting or self._waiting[0] is not job:
                return False
            if reason:
                self._changed.wait(_LOOK_AGAIN_SECONDS)
                return False
            self._running = job = self._waiting.popleft()
            self._spoken, self._overtaken = job.spoken, False
            return True

    def _work(self, job: Job) -> None:
        self._post(Started(job))
        try:
            engine = self._engines.engine(job.project, job.target.path, job.settings)
            if job.check:
                self._post(Checked(job, engine.outcomes(job.target, job.check, job.cancel)))
                self._post(Ended(job, "done"))
                return
            for findings in engine.work(job.target, job.want, job.cancel):
                if job.cancel.is_set():
                    break
                self._post(Found(job, self._policy.shown(job, findings)))
                if findings.stage != "started":
                    with self._changed:
                        self._spoken = True
                        self._give_way(job)
        except SandboxCancelled:
            self._cancelled(job)
        except (GenxError, ModelError, SandboxError) as error:
            self._post(Ended(job, "failed", str(error)))
        except Exception:
            # A fault of ours in one job is logged; the server goes on with the next.
            _log.exception("The job on %s failed.", job.target.qualified_name)
            says = f"GenX failed on `{job.target.qualified_name}`; the server's log says why."
            self._post(Ended(job, "failed", says))
        else:
            if job.cancel.is_set():
                self._cancelled(job)
            else:
                self._post(Ended(job, "done"))

    def _cancelled(self, job: Job) -> None:
        """It ends; one that only gave way to another waits again, and begins anew."""
        self._post(Ended(job, "cancelled"))
        with self._changed:
            again = replace(job, cancel=threading.Event(), id=str(uuid.uuid4()), spoken=True)
            if not self._overtaken or self._closed or any(job.same_target(w) for w in self._waiting):
                return
            self._overtaken = False
            self._waiting.append(again)
        self._post(Held(again, "waiting for what was saved after it"))


def _overtakes(new: Job, running: Job) -> bool:
    if running.origin != "save" or running.check or new.same_target(running):
        return False
    return new.origin == "command" or not new.same_save(running)


def _asked_for(job: Job) -> Job:
    want: Want = "both" if job.want == "fixes" else job.want
    return Job(job.uri, job.target, job.project, job.settings, want, "command", True, job.cancel, job.id)

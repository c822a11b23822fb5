"""One client's session: what is open, what runs, what was found. Lives on the loop thread."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lsprotocol import types

from genx_lsp.discovery import find_targets, target_at
from genx_lsp.engine_process import EngineFactory, EnginePool, EngineProcess, Engines
from genx_lsp.errors import GenxError, TargetError, Unavailable
from genx_lsp.findings import FixSuggestion
from genx_lsp.project import Project, discover
from genx_lsp.session.capabilities import Capabilities
from genx_lsp.session.client import Client
from genx_lsp.session.dismissals import Dismissals
from genx_lsp.session.documents import Documents, Snapshot
from genx_lsp.session.folders import Folders
from genx_lsp.session.jobs import Ended, Found, Held, Job, JobEvent, JobQueue, Started
from genx_lsp.session.journal import Journal
from genx_lsp.session.lane import Lane
from genx_lsp.session.machine import Machine
from genx_lsp.session.policy import Policy
from genx_lsp.session.positions import PositionCodec
from genx_lsp.session.reactions import Reactions
from genx_lsp.session.store import FindingsStore, Placed
from genx_lsp.session.survey import Surveyor, read_snapshot
from genx_lsp.target import Target

_log = logging.getLogger(__name__)

# How long a first save waits for the client's settings before it goes on without.
_SETTINGS_SECONDS = 5.0
# So often, at most, a file that is being edited and not saved makes the sandbox start.
_EXPECT_SECONDS = 60.0
# After a keystroke: where everything of a long file stands now is not looked for while the next one waits.
_TELL_SECONDS = 0.05


class Listener(Protocol):
    """A feature that tells the client something of its own accord."""

    def document_changed(self, uri: str) -> None:
        """What can be shown of this document has changed: its text moved on, or more is known."""

    def job_changed(self, event: JobEvent) -> None:
        """A job has started, found something or ended; the session has taken note already."""


@dataclass(frozen=True)
class Looked:
    """A function that someone asked for, found in the text of this moment."""

    snapshot: Snapshot
    project: Project
    target: Target


class Session:
    """State, and what happens to it. Handlers call these methods; none of them computes."""

    def __init__(
        self,
        client: Client,
        capabilities: Capabilities,
        folders: Folders,
        engines: EngineFactory | None = None,
        feedback_path: Path | None = None,
        machine: Machine | None = None,
    ) -> None:
        self.client = client
        self.capabilities = capabilities
        self.folders = folders
        self.codec = PositionCodec(capabilities.encoding)
        self.documents = Documents()
        self.findings = FindingsStore()
        self.reactions = Reactions(self)
        self.listeners: list[Listener] = []
        self.settings_known = asyncio.Event()
        self.writing = asyncio.Lock()
        """Held while a test file is written: until the client has answered, it is as it was planned for."""
        self.lane = Lane("genx-survey")
        self._feedback_lane = Lane("genx-feedback")
        self.journal = Journal(self._feedback_lane, feedback_path)
        self._surveyor = Surveyor()
        self._loop = asyncio.get_running_loop()
        anchors = self.journal.anchors
        self._engines: Engines = EnginePool(engines, anchors) if engines else EngineProcess(anchors)
        self.dismissals = Dismissals(self.journal)
        self.jobs = JobQueue(self._engines, self._post, Policy(self.dismissals, machine or Machine()))
        self.trusted = capabilities.trusted
        self._expected: dict[Path, float] = {}
        self._to_tell: set[str] = set()
        """When someone last began to type in a file."""
        self._refused = ""
        """What was said last of a save that could not be worked on."""

    # -- what the client tells -------------------------------------------------------------------

    def opened(self, item: types.TextDocumentItem) -> None:
        """A document was opened: its functions become the base for what a save changes."""
        snapshot = self.documents.open(item)
        self.findings.opened(snapshot.uri)
        path = snapshot.path
        if path is not None:
            self.lane.submit(lambda: self._surveyor.baseline(path, snapshot))
        self.tell_changed(snapshot.uri)

    def changed(self, params: types.DidChangeTextDocumentParams) -> None:
        """A document was edited. Findings follow their functions; those that changed are shown no more."""
        snapshot = self.documents.change(params.text_document, params.content_changes, self.codec)
        if snapshot is None:
            _log.warning("A document changed that is not open.")
            return
        self.reactions.changed(snapshot)
        if snapshot.path is not None and self._is_due(snapshot.path):
            self.client.spawn(self._expect(snapshot.path))
        if self.findings.entries(snapshot.uri) and snapshot.uri not in self._to_tell:
            self._to_tell.add(snapshot.uri)
            self.client.spawn(self._tell_soon(snapshot.uri))

    def saved(self, uri: str) -> None:
        """A document was saved: its changed functions are worked on."""
        snapshot = self.documents.get(uri)
        if snapshot is not None and snapshot.path is not None:
            self.reactions.saved(snapshot)
            # What was made ready for this save may have had to make room when the next one comes.
            self._expected.pop(snapshot.path, None)
            self.client.spawn(self._saved(snapshot.path, snapshot))

    def closed(self, uri: str) -> None:
        """A document was closed. What was found is kept for when it is opened again soon."""
        snapshot = self.documents.get(uri)
        if snapshot is not None and snapshot.path is not None:
            self._expected.pop(snapshot.path, None)
        self.documents.close(uri)
        self.reactions.closed(uri)
        self.findings.closed(uri)
        self.jobs.cancel(lambda job: job.uri == uri and job.origin == "save")
        self.lane.submit(lambda: self._surveyor.forget(uri))
        self.tell_changed(uri)

    # -- what features ask -----------------------------------------------------------------------

    def placed(self, uri: str) -> tuple[Placed, ...]:
        """What is known of an open document's functions, where they stand now."""
        snapshot = self.documents.get(uri)
        return self.findings.placed(snapshot) if snapshot is not None else ()

    def placed_function(self, uri: str, name: str) -> Placed | None:
        """The same of one function."""
        return next((p for p in self.placed(uri) if p.name == name), None)

    def fix(self, uri: str, name: str, fix_id: str) -> tuple[Placed, FixSuggestion] | None:
        """A fix that still fits the text; None where the function has changed or the fix is gone."""
        placed = self.placed_function(uri, name)
        if placed is None or placed.findings is None:
            return None
        return next(((placed, fix) for fix in placed.findings.fixes if fix.id == fix_id), None)

    async def look(self, uri: str, name: str = "", line: int = 0) -> Looked:
        """The function of that name, or around a 1-based line. Raises `GenxError`."""
        snapshot = self.documents.get(uri) or Snapshot(uri, None, "")
        path = snapshot.path
        if path is None:
            raise TargetError("GenX works on files: save this one first.")
        await self.settings_ready()
        interpreter = self.folders.of(path).settings.interpreter
        opened = self.documents.get(uri)
        return await self.lane.run(lambda: _look(opened, uri, path, name, line, interpreter))

    def submit(self, job: Job) -> None:
        """Queue a job and show that it waits."""
        self.jobs.submit(job)
        self.findings.started(job.uri, job.target, "waiting", job.id)
        self.tell_changed(job.uri)

    async def settings_ready(self) -> None:
        """Wait for the client's settings, but not forever: a client may never answer."""
        try:
            await asyncio.wait_for(self.settings_known.wait(), _SETTINGS_SECONDS)
        except (TimeoutError, asyncio.TimeoutError):
            _log.warning("The client did not send its settings; going on without.")
            self.settings_known.set()

    def close(self) -> None:
        """End every job, thread and process. Blocks for some seconds at most; call it off the loop."""
        self.jobs.close()
        self.journal.close()
        # What the user did last is kept too.
        self._feedback_lane.close(finish=True)
        self.lane.close()

    # -- what goes on behind -----------------------------------------------------------------------

    async def _saved(self, path: Path, snapshot: Snapshot) -> None:
        """Work on what was saved; where that cannot even be begun, say so, once until it can be."""
        try:
            await self._work_on_save(path, snapshot)
            self._refused = ""
        except Unavailable as error:
            if self._refused != str(error):
                self._refused = str(error)
                self.client.show(f"GenX: {error}", types.MessageType.Warning)

    async def _tell_soon(self, uri: str) -> None:
        await asyncio.sleep(_TELL_SECONDS)
        self._to_tell.discard(uri)
        self.tell_changed(uri)

    def _is_due(self, path: Path) -> bool:
        """Whether it is a while since someone began to type in this file."""
        now = time.monotonic()
        due = now - self._expected.get(path, -math.inf) > _EXPECT_SECONDS
        if due:
            self._expected[path] = now
        return due

    async def _expect(self, path: Path) -> None:
        """Who types will save: what that takes is made ready meanwhile."""
        await self.settings_ready()
        folder = self.folders.of(path)
        if not self.trusted or folder.on_save(path) == "off":
            return
        settings = folder.settings
        with contextlib.suppress(GenxError):
            await self.lane.run(
                lambda: self.jobs.expect(discover(path, settings.interpreter), path, settings)
            )

    async def _work_on_save(self, path: Path, snapshot: Snapshot) -> None:
        await self.settings_ready()
        folder = self.folders.of(path)
        settings = folder.settings
        survey = await self.lane.run(lambda: self._surveyor.survey(path, snapshot, settings.interpreter))
        uri = snapshot.uri
        if survey.project is None:
            _log.info("%s", survey.problem)
            return
        reachable = _by_name(survey.targets)
        self.findings.keep_only(uri, set(reachable))
        self.jobs.cancel(lambda job: job.uri == uri and job.target.qualified_name not in reachable)
        if self.documents.get(uri) is None:
            # It was closed while its functions were looked for.
            self.lane.submit(lambda: self._surveyor.forget(uri))
        want = folder.on_save(path) if self.trusted else "off"
        changed = set(survey.changed)
        again = [t for t in reachable.values() if t in changed or self._outdated(uri, t)]
        if want != "off":
            # Who asks for tests of a function out of reach is told why there are none; a save does not ask.
            jobs = [Job(uri, t, survey.project, settings, want) for t in again if not t.out_of_reach]
            for job in await self.lane.run(lambda: [j for j in jobs if not self._is_silenced(j)]):
                self.submit(job)
        self.tell_changed(uri)

    def _is_silenced(self, job: Job) -> bool:
        return self.dismissals.of(job.target, job.settings.feedback).silent

    def _outdated(self, uri: str, target: Target) -> bool:
        """Only comments or layout changed: what was found holds, unless it speaks of lines."""
        entry = self.findings.entry(uri, target.qualified_name)
        if entry is None:
            return False
        if entry.findings is None or entry.findings.fixes or entry.findings.bug:
            return entry.target.source != target.source
        # Also where nothing changed: the functions of a document then share its text, however old they are.
        self.findings.moved(uri, target)
        return False

    def later(self, work: Callable[[], None]) -> None:
        """Do something on the loop thread soon; may be called from any."""
        try:
            self._loop.call_soon_threadsafe(work)
        except RuntimeError:
            _log.debug("The loop has ended before its threads.")

    def _post(self, event: JobEvent) -> None:
        self.later(lambda: self._receive(event))

    def _receive(self, event: JobEvent) -> None:
        job = event.job
        name = job.target.qualified_name
        if job.check:
            # Nothing was looked for, so what is known stays as it is.
            for listener in self.listeners:
                listener.job_changed(event)
            return
        if isinstance(event, Started):
            self.findings.started(job.uri, job.target, "starting", job.id)
        elif isinstance(event, Found):
            if job.cancel.is_set():
                return
            self.findings.found(job.uri, event.findings, job.id, job.want)
            if event.findings.stage == "final" and job.settings.feedback:
                self.journal.shown(event.findings)
        elif isinstance(event, Ended):
            self.findings.ended(job.uri, name, job.id, event.message)
            if self.documents.get(job.uri) is None:
                self.findings.closed(job.uri)
        elif isinstance(event, Held):
            self.findings.started(job.uri, job.target, event.reason, job.id)
        for listener in self.listeners:
            listener.job_changed(event)
        self.tell_changed(job.uri)

    def tell_changed(self, uri: str) -> None:
        """What can be shown of a document has changed: listeners look."""
        for listener in self.listeners:
            listener.document_changed(uri)


def _by_name(targets: Sequence[Target]) -> dict[str, Target]:
    """One target a name: the definition that is in force at run time."""
    named: dict[str, Target] = {}
    for target in targets:
        known = named.get(target.qualified_name)
        if known is None or known.out_of_reach or not target.out_of_reach:
            named[target.qualified_name] = target
    return named


def _look(opened: Snapshot | None, uri: str, path: Path, name: str, line: int, interpreter: str) -> Looked:
    snapshot = opened or read_snapshot(uri, path)
    project = discover(path, interpreter)
    targets = find_targets(path, snapshot.text, project)
    target = _by_name(targets).get(name) if name else target_at(targets, line)
    if target is None:
        where = f"no function `{name}`" if name else "no function at this place"
        raise TargetError(f"{path.name} has {where}.")
    return Looked(snapshot, project, target)

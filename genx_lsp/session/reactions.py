"""What the user does with what was shown: takes it, edits it, takes it back, wants to see it no more."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from genx_lsp.findings import Findings, FixSuggestion
from genx_lsp.project import discover
from genx_lsp.session.acceptance import Acceptance
from genx_lsp.session.dismissals import EVERYTHING, Reason, names_of, planned_again
from genx_lsp.session.documents import Snapshot
from genx_lsp.session.journal import Event
from genx_lsp.session.store import suggestions
from genx_lsp.target import Target

if TYPE_CHECKING:
    from genx_lsp.session.session import Session


_PLANS = 4
"""Plans made in a row while findings change under them; whatever changed them brings a plan of its own."""


class Reactions:
    """Notices reactions, acts on them and has them remembered. Belongs to the loop thread."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._acceptance = Acceptance()

    def remembers(self, uri: str) -> bool:
        """The user wants it kept what became of suggestions."""
        return self._session.folders.of(Snapshot(uri, None, "").path).settings.feedback

    def remember(self, uri: str, suggestion_ids: Sequence[str], event: Event, detail: str = "") -> None:
        """Keep what became of suggestions, unless the user wants nothing kept."""
        if self.remembers(uri):
            self._session.journal.record(suggestion_ids, event, detail)

    # -- fixes and tests that were taken -----------------------------------------------------------

    def offered(self, uri: str, target: Target, fix: FixSuggestion) -> None:
        """The client has got the edit of this fix, and says nothing if it applies it."""
        self._acceptance.offered(uri, target, fix)

    def changed(self, snapshot: Snapshot) -> None:
        """A document was edited: fixes may have been taken, or taken back."""
        for suggestion, event in self._acceptance.look(snapshot):
            self.remember(snapshot.uri, [suggestion], event)

    def saved(self, snapshot: Snapshot) -> None:
        """A document was saved: what was taken may have been edited."""
        for suggestion, event, text in self._acceptance.saved(snapshot):
            self.remember(snapshot.uri, [suggestion], event, text)
        if snapshot.path is not None and self.remembers(snapshot.uri):
            self._session.journal.look_again(snapshot.path, snapshot.text)

    def closed(self, uri: str) -> None:
        """A document was closed, and unsaved changes are gone: which tests are left, only the file knows."""
        path = Snapshot(uri, None, "").path
        if path is not None and self.remembers(uri):
            self._session.journal.look_again(path)
        self._acceptance.forget(uri)

    def tests_taken(self, uri: str, findings: Findings) -> None:
        """The planned tests of a function have been written."""
        if findings.plan is not None and self.remembers(uri):
            self._session.journal.wrote(findings.plan)
        self._session.findings.taken(uri, findings.target.qualified_name)
        self._session.tell_changed(uri)

    def tests_changed(self, path: Path) -> None:
        """A test file has changed on disk: what was taken may be gone, what is planned is out of date."""
        session = self._session
        if session.documents.at(path) is None and self.remembers(path.as_uri()):
            session.journal.look_again(path)
        for uri, findings in session.findings.planned_for(path):
            session.client.spawn(self.plan_again(uri, findings.target.qualified_name))

    # -- what is not wanted ------------------------------------------------------------------------

    def dismiss(self, suggestion_id: str, reason: Reason) -> None:
        """Show a suggestion no more, now and after a restart."""
        found = self._session.findings.suggested(suggestion_id)
        if found is None:
            return
        known, target, suggestion = found
        snapshot = self._session.documents.get(known)
        uri = snapshot.uri if snapshot is not None else known
        self._session.dismissals.suggestion(names_of(suggestion))
        self.remember(uri, [suggestion_id], "dismissed", reason)
        self._hide(uri, target)

    def dismiss_suspicion(self, uri: str, name: str) -> None:
        """What was suspected of a function is no bug: show it no more, nor fixes for it."""
        entry = self._session.findings.entry(uri, name)
        if entry is not None and entry.findings is not None and entry.findings.bug is not None:
            counter = entry.findings.bug.counter_example
            self._session.dismissals.function(entry.target, counter, self.remembers(uri))
            self._hide(uri, entry.target)

    def silence(self, uri: str, target: Target) -> None:
        """Leave a function alone from now on, unless someone asks for its tests."""
        name = target.qualified_name
        self._session.dismissals.function(target, EVERYTHING, self.remembers(uri))
        self._session.jobs.cancel(lambda job: job.uri == uri and job.target.qualified_name == name)
        self._session.findings.forget(uri, name)
        self._session.tell_changed(uri)

    def restore(self, uri: str, target: Target) -> None:
        """Take back every dismissal of a function."""
        entry = self._session.findings.entry(uri, target.qualified_name)
        shown = suggestions(entry.findings if entry is not None else None)
        names = [name for suggestion in shown for name in names_of(suggestion)]
        self._session.dismissals.restore(target, names, self.remembers(uri))

    def _hide(self, uri: str, target: Target) -> None:
        """Show no more of a function what was dismissed, and plan its tests again without it."""
        session = self._session
        session.findings.hide(uri, target.qualified_name, session.dismissals.of(target, remembered=False))
        session.tell_changed(uri)
        entry = session.findings.entry(uri, target.qualified_name)
        findings = entry.findings if entry is not None else None
        if findings is not None and findings.tests and findings.plan is None and findings.stage == "final":
            session.client.spawn(self.plan_again(uri, target.qualified_name))

    async def plan_again(self, uri: str, name: str) -> None:
        """Make the plan for a function's tests anew: some are not wanted, or the test file has changed."""
        session = self._session
        for _ in range(_PLANS):
            entry = session.findings.entry(uri, name)
            before = entry.findings if entry is not None else None
            if before is None:
                return
            after = await session.lane.run(partial(self._planned, before))
            if session.findings.planned(uri, before, after):
                session.tell_changed(uri)
                return

    def _planned(self, findings: Findings) -> Findings:
        settings = self._session.folders.of(findings.target.path).settings
        return planned_again(findings, discover(findings.target.path, settings.interpreter), settings)

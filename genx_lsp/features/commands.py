"""The commands. Each starts something and answers at once; arguments are described in docs/protocol.md."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lsprotocol import types

from genx_lsp.errors import GenxError, Unavailable
from genx_lsp.features.arguments import Where, read_arguments
from genx_lsp.features.code_action import STALE
from genx_lsp.features.edits import fix_edit
from genx_lsp.features.test_file import write_tests
from genx_lsp.findings import Findings, FixSuggestion
from genx_lsp.session.documents import key
from genx_lsp.session.jobs import Job
from genx_lsp.session.policy import UNTRUSTED
from genx_lsp.session.session import Session
from genx_lsp.session.store import Placed
from genx_lsp.target import Target


class Commands:
    """What `workspace/executeCommand` can do."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._reports: tempfile.TemporaryDirectory[str] | None = None

    def table(self) -> dict[str, Callable[..., None]]:
        """Handlers by name."""
        return {
            "genx.generateTests": self.generate_tests,
            "genx.applyFix": self.apply_fix,
            "genx.showReport": self.show_report,
            "genx.dismiss": self.dismiss,
            "genx.restore": self.restore,
            "genx.cancel": self.cancel,
            "genx.restartModels": self.restart_models,
        }

    def generate_tests(self, *arguments: Any) -> None:
        """Write tests for a function: at once where they are known, else as soon as they are."""
        self._session.client.spawn(self._told(self._generate(read_arguments(arguments))))

    def apply_fix(self, *arguments: Any) -> None:
        """Apply a fix through `workspace/applyEdit`."""
        self._session.client.spawn(self._told(self._apply(read_arguments(arguments))))

    def show_report(self, *arguments: Any) -> None:
        """Open the evidence on a function, a document or everything as a page."""
        self._session.client.spawn(self._told(self._report(read_arguments(arguments))))

    def dismiss(self, *arguments: Any) -> None:
        """Show a suggestion, a suspicion or anything of a function no more; remembered over restarts."""
        where = read_arguments(arguments)
        reactions = self._session.reactions
        if where.reason == "never":
            self._session.client.spawn(self._told(self._on_function(where, reactions.silence)))
        elif where.suggestion:
            reactions.dismiss(where.suggestion, where.reason)
        elif where.uri and where.name:
            reactions.dismiss_suspicion(where.uri, where.name)

    def restore(self, *arguments: Any) -> None:
        """Take back what was dismissed of a function."""
        where = read_arguments(arguments)
        self._session.client.spawn(self._told(self._on_function(where, self._session.reactions.restore)))

    def cancel(self, *arguments: Any) -> None:
        """Stop the work on a function, on a document or all of it."""
        where = read_arguments(arguments)
        self._session.jobs.cancel(
            lambda job: (
                (not where.uri or key(job.uri) == key(where.uri))
                and (not where.name or job.target.qualified_name == where.name)
            )
        )

    def restart_models(self, *arguments: Any) -> None:
        """Stop the running job and open models and sandbox anew before the next."""
        self._session.jobs.restart_engines()

    def close(self) -> None:
        """Remove the report pages."""
        if self._reports is not None:
            self._reports.cleanup()

    async def _told(self, work: Any) -> None:
        """What stands against something that the user asked for is told to the user."""
        try:
            await work
        except GenxError as error:
            self._session.client.show(f"GenX: {error}", types.MessageType.Warning)

    async def _on_function(self, where: Where, act: Callable[[str, Target], None]) -> None:
        looked = await self._session.look(where.uri, where.name, where.line)
        act(looked.snapshot.uri, looked.target)

    async def _generate(self, where: Where) -> None:
        session = self._session
        if not session.trusted:
            raise Unavailable(UNTRUSTED)
        looked = await session.look(where.uri, where.name, where.line)
        target, uri = looked.target, looked.snapshot.uri
        entry = session.findings.entry(uri, target.qualified_name)
        known = entry.findings if entry is not None and not entry.activity else None
        if known is not None and known.plan is not None and known.target.source == target.source:
            await write_tests(session, uri, known)
            return
        settings = session.folders.of(target.path).settings
        session.submit(Job(uri, target, looked.project, settings, "tests", "command", writes_tests=True))

    async def _apply(self, where: Where) -> None:
        session = self._session
        found = session.fix(where.uri, where.name, where.suggestion)
        snapshot = session.documents.get(where.uri)
        if found is None or snapshot is None:
            session.client.show(f"GenX: {STALE}", types.MessageType.Warning)
            return
        placed, fix = found
        if placed.findings is not None:
            session.reactions.offered(where.uri, placed.findings.target, fix)
        if not session.capabilities.apply_edit:
            await self._write_fix(where, placed, fix)
            return
        edit = fix_edit(session, snapshot, placed, fix)
        answer: types.ApplyWorkspaceEditResult = await session.client.ask(
            types.WORKSPACE_APPLY_EDIT, types.ApplyWorkspaceEditParams(edit, f"GenX: {fix.title}")
        )
        # An editor that shows an edit first and gives no reason has been told no by the user.
        if not answer.applied and (answer.failure_reason or not session.capabilities.annotations):
            why = f": {answer.failure_reason}" if answer.failure_reason else "."
            session.client.show(f"GenX: the editor did not take the fix{why}", types.MessageType.Warning)

    async def _write_fix(self, where: Where, placed: Placed, fix: FixSuggestion) -> None:
        findings = placed.findings
        if findings is None:
            return

        def write() -> None:
            from genx_lsp.emit import write_fix

            write_fix(findings.target, fix)

        await self._session.lane.run(write)
        self._session.reactions.remember(where.uri, [fix.id], "accepted")

    async def _report(self, where: Where) -> None:
        session = self._session
        entries = session.findings.entries(where.uri) if where.uri else session.findings.all()
        findings = [
            entry.findings
            for entry in entries
            if entry.findings is not None and (not where.name or entry.target.qualified_name == where.name)
        ]
        if not findings:
            session.client.show("GenX has nothing to report yet: save a Python file that you have changed.")
            return
        path = await session.lane.run(lambda: self._write_report(findings))
        if session.capabilities.show_document:
            params = types.ShowDocumentParams(path.as_uri(), external=True)
            await session.client.ask(types.WINDOW_SHOW_DOCUMENT, params)
        else:
            session.client.show(f"GenX: the report is at {path}")

    def _write_report(self, findings: list[Findings]) -> Path:
        from genx_lsp.report import render

        if self._reports is None:
            self._reports = tempfile.TemporaryDirectory(prefix="genx-report-")
        path = Path(self._reports.name) / "report.html"
        path.write_text(render(findings), encoding="utf-8")
        return path

"""Writing the tests that were found: through the client where it can, so that they can be undone."""

from __future__ import annotations

import hashlib

from lsprotocol import types

from genx_lsp.errors import GenxError, StaleError
from genx_lsp.features.edits import create_file_edit, file_change, text_edits, workspace_edit
from genx_lsp.features.wording import count
from genx_lsp.findings import Findings, TestFilePlan
from genx_lsp.session.documents import Snapshot
from genx_lsp.session.jobs import Ended, JobEvent
from genx_lsp.session.session import Session
from genx_lsp.source_text import decode_raw, normalise, read_bytes

__test__ = False


class TestWriter:
    """Writes the tests of jobs that someone has asked for, as soon as these are done."""

    __test__ = False

    def __init__(self, session: Session) -> None:
        self._session = session

    def document_changed(self, uri: str) -> None:
        """Nothing: only jobs matter here."""

    def job_changed(self, event: JobEvent) -> None:
        """A job that was to write tests has ended: write them, or say why there are none."""
        job = event.job
        if not isinstance(event, Ended) or not job.writes_tests or event.outcome == "cancelled":
            return
        name = job.target.qualified_name
        if event.outcome == "failed":
            self._session.client.show(f"GenX: {event.message}", types.MessageType.Warning)
            return
        entry = self._session.findings.entry(job.uri, name)
        findings = entry.findings if entry is not None else None
        if findings is None or findings.plan is None:
            why = " ".join(findings.notes) if findings is not None else ""
            self._session.client.show(f"GenX has no tests to add for `{name}`. {why}".rstrip())
            return
        self._session.client.spawn(write_tests(self._session, job.uri, findings))


async def write_tests(session: Session, uri: str, findings: Findings) -> None:
    """Write the planned test file and show it. What stands against it is told to the user.

    One is written at a time, and whoever asks while it happens gets what is planned then: asked twice in
    a row, tests are written once.
    """
    async with session.writing:
        name = findings.target.qualified_name
        entry = session.findings.entry(uri, name)
        current = entry.findings if entry is not None else None
        if current is None or current.target.source != findings.target.source:
            why = f"`{name}` has changed meanwhile. Generate its tests again."
            session.client.show(f"GenX: {why}", types.MessageType.Warning)
            return
        if current.plan is None:
            # Written for whoever asked first, even if work on the function has begun anew, or dismissed.
            return
        if not await _written(session, uri, current, current.plan):
            return
    await _show(session, current.plan)


async def _written(session: Session, uri: str, findings: Findings, plan: TestFilePlan) -> bool:
    try:
        if session.capabilities.apply_edit and (session.capabilities.create_files or not plan.created):
            await _write_through_client(session, plan)
        else:
            await _write_to_disk(session, plan)
    except GenxError as error:
        session.client.show(f"GenX: {error}", types.MessageType.Warning)
        if isinstance(error, StaleError):
            # Asked again, it finds a plan for the file as it is now.
            session.client.spawn(session.reactions.plan_again(uri, findings.target.qualified_name))
        return False
    session.reactions.tests_taken(uri, findings)
    return True


async def _write_through_client(session: Session, plan: TestFilePlan) -> None:
    if plan.created:
        exists = await session.lane.run(plan.path.exists)
        if exists or session.documents.at(plan.path) is not None:
            raise StaleError(f"{plan.path.name} has come into being meanwhile. Generate the tests again.")
        edit = create_file_edit(plan.path, plan.new_text)
    else:
        base = await _base(session, plan)
        changes = await session.lane.run(lambda: file_change(base, plan))
        edits = text_edits(base, changes, session.codec)
        edit = workspace_edit(session.capabilities, base.uri, base.version, edits)
    answer: types.ApplyWorkspaceEditResult = await session.client.ask(
        types.WORKSPACE_APPLY_EDIT, types.ApplyWorkspaceEditParams(edit, "GenX: add tests")
    )
    if not answer.applied:
        raise StaleError(
            f"The editor did not take the tests{f': {why}' if (why := answer.failure_reason) else '.'}"
        )


async def _base(session: Session, plan: TestFilePlan) -> Snapshot:
    """The test file that the plan was made from. Raises `StaleError` where it has changed."""
    data = await session.lane.run(lambda: read_bytes(plan.path))
    text = decode_raw(data, plan.path)[0]
    opened = session.documents.at(plan.path)
    if opened is not None and normalise(opened.text) != normalise(text):
        raise StaleError(f"{plan.path.name} has unsaved changes. Save it, then generate the tests again.")
    if hashlib.sha256(data).hexdigest() != plan.base_hash:
        raise StaleError(f"{plan.path.name} has changed meanwhile. Generate the tests again.")
    return opened or Snapshot(plan.path.as_uri(), None, text)


async def _write_to_disk(session: Session, plan: TestFilePlan) -> None:
    if session.documents.at(plan.path) is not None:
        await _base(session, plan)

    def write() -> None:
        from genx_lsp.emit import write_plan

        write_plan(plan)

    await session.lane.run(write)


async def _show(session: Session, plan: TestFilePlan) -> None:
    if session.capabilities.show_document:
        where = types.Range(types.Position(plan.first_line - 1, 0), types.Position(plan.last_line, 0))
        params = types.ShowDocumentParams(plan.path.as_uri(), take_focus=True, selection=where)
        await session.client.ask(types.WINDOW_SHOW_DOCUMENT, params)
    else:
        session.client.show(f"GenX: added {count(len(plan.added), 'test')} to {plan.path}.")

"""A warning where execution shows the code to be wrong, pushed, or pulled by clients that can."""

from __future__ import annotations

from lsprotocol import types

from genx_lsp.features import wording
from genx_lsp.session.documents import Snapshot
from genx_lsp.session.jobs import JobEvent
from genx_lsp.session.session import Session
from genx_lsp.session.store import Placed

SOURCE = "GenX"


def diagnostics(session: Session, snapshot: Snapshot) -> list[types.Diagnostic]:
    """One for every function that is suspected and has not changed since."""
    found = (_diagnostic(session, snapshot, placed) for placed in session.placed(snapshot.uri))
    return [diagnostic for diagnostic in found if diagnostic is not None]


def pull(session: Session, params: types.DocumentDiagnosticParams) -> types.DocumentDiagnosticReport:
    """The answer to `textDocument/diagnostic`; nothing for a document that is not open."""
    snapshot = session.documents.get(params.text_document.uri)
    items = diagnostics(session, snapshot) if snapshot is not None else []
    return types.RelatedFullDocumentDiagnosticReport(items=items)


class Publisher:
    """Tells the client when diagnostics have changed: sends them, or asks it to pull again."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._sent: dict[str, list[types.Diagnostic]] = {}

    def document_changed(self, uri: str) -> None:
        """Send what has changed; the same list is not sent twice."""
        session = self._session
        snapshot = session.documents.get(uri)
        now = diagnostics(session, snapshot) if snapshot is not None else []
        if now == self._sent.get(uri, []):
            return
        if now:
            self._sent[uri] = now
        else:
            self._sent.pop(uri, None)
        if session.capabilities.pull_diagnostics:
            session.client.refresh(types.WORKSPACE_DIAGNOSTIC_REFRESH)
            return
        version = snapshot.version if snapshot and session.capabilities.versioned_diagnostics else None
        session.client.notify(
            types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS, types.PublishDiagnosticsParams(uri, now, version)
        )

    def job_changed(self, event: JobEvent) -> None:
        """Nothing: the document has been told of."""


def _diagnostic(session: Session, snapshot: Snapshot, placed: Placed) -> types.Diagnostic | None:
    findings = placed.findings
    if findings is None or findings.bug is None:
        return None
    line = placed.place.moved(findings.bug.line, findings.target) - 1
    where = _line_range(session, snapshot, line)
    capabilities = session.capabilities
    return types.Diagnostic(
        range=where,
        message=wording.bug_text(findings),
        severity=types.DiagnosticSeverity.Warning,
        code="suspected-bug",
        source=SOURCE,
        related_information=_related(session, snapshot, placed) if capabilities.related_information else None,
        data={"name": placed.name} if capabilities.diagnostic_data else None,
    )


def _related(
    session: Session, snapshot: Snapshot, placed: Placed
) -> list[types.DiagnosticRelatedInformation] | None:
    """The lines that the best fixes would change."""
    findings = placed.findings
    related = []
    for fix in findings.fixes[:3] if findings is not None else ():
        if findings is not None and fix.edits:
            line = placed.place.moved(fix.edits[0].first_line, findings.target) - 1
            where = types.Location(snapshot.uri, _line_range(session, snapshot, line))
            says = f"Fix: {fix.title} ({wording.evidence(fix)})"
            related.append(types.DiagnosticRelatedInformation(where, says))
    return related or None


def _line_range(session: Session, snapshot: Snapshot, line: int) -> types.Range:
    """A line without its indentation."""
    line = max(0, min(line, len(snapshot.source_lines) - 1))
    text = snapshot.source_lines[line].rstrip()
    start = len(text) - len(text.lstrip())
    return types.Range(
        session.codec.position(snapshot.lines, line, start),
        session.codec.position(snapshot.lines, line, len(text)),
    )

"""The lens above a function: what was found, or that work goes on."""

from __future__ import annotations

from lsprotocol import types

from genx_lsp.features.arguments import function_arguments
from genx_lsp.features.wording import count
from genx_lsp.session.session import Session
from genx_lsp.session.store import Placed


def code_lenses(session: Session, params: types.CodeLensParams) -> list[types.CodeLens]:
    """One lens for every function that is worked on or of which something is known."""
    snapshot = session.documents.get(params.text_document.uri)
    if snapshot is None:
        return []
    lenses = []
    for placed in session.placed(snapshot.uri):
        command = _command(snapshot.uri, placed)
        if command is not None:
            line = placed.place.def_line - 1
            end = len(snapshot.source_lines[line].rstrip("\n"))
            start = end - len(snapshot.source_lines[line].strip())
            where = types.Range(
                session.codec.position(snapshot.lines, line, start),
                session.codec.position(snapshot.lines, line, end),
            )
            lenses.append(types.CodeLens(range=where, command=command))
    return lenses


def _command(uri: str, placed: Placed) -> types.Command | None:
    arguments = function_arguments(uri, placed.name)
    title = lens_title(placed)
    if not title:
        return None
    if placed.entry.activity:
        return types.Command(title, "genx.cancel", arguments=arguments)
    findings = placed.findings
    if findings is not None and findings.plan is not None and not findings.bug:
        return types.Command(title, "genx.generateTests", arguments=arguments)
    return types.Command(title, "genx.showReport", arguments=arguments)


def lens_title(placed: Placed) -> str:
    """`GenX: 9 tests · 1 fix · suspected bug`; empty where there is nothing to say."""
    findings, entry = placed.findings, placed.entry
    parts = []
    if findings is not None:
        if findings.tests:
            parts.append(count(len(findings.tests), "test"))
        if findings.fixes:
            parts.append(count(len(findings.fixes), "fix"))
        if findings.bug is not None:
            parts.append("suspected bug")
    if entry.activity:
        parts.append("writing tests…" if not entry.activity.startswith("waiting") else "waiting…")
    elif entry.problem and not parts:
        parts.append("could not work on this")
    elif findings is not None and not parts and not entry.taken:
        parts.append("nothing to suggest")
    return "GenX: " + " · ".join(parts) if parts else ""

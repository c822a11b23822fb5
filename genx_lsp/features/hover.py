"""The hover over a function's header or its suspicious line: ranked fixes and tests with their evidence."""

from __future__ import annotations

from lsprotocol import types

from genx_lsp.features import wording
from genx_lsp.findings import Findings
from genx_lsp.session.session import Session
from genx_lsp.session.store import Placed

# A hover is read at a glance; the report has the rest.
_FIXES = 3
_TESTS = 5
_DIFF_LINES = 24


def hover(session: Session, params: types.HoverParams) -> types.Hover | None:
    """What is known of the function whose header or suspicious line is pointed at."""
    line = params.position.line + 1
    for placed in session.placed(params.text_document.uri):
        if line in _lines(placed) and (text := _text(placed, session.capabilities.markdown)):
            kind = types.MarkupKind.Markdown if session.capabilities.markdown else types.MarkupKind.PlainText
            return types.Hover(types.MarkupContent(kind, text))
    return None


def _lines(placed: Placed) -> set[int]:
    lines = {placed.place.def_line}
    findings = placed.findings
    if findings is not None and findings.bug is not None:
        lines.add(placed.place.moved(findings.bug.line, findings.target))
    return lines


def _text(placed: Placed, markdown: bool) -> str:
    entry, findings = placed.entry, placed.findings
    parts = []
    if entry.problem:
        parts.append(f"GenX: {entry.problem}")
    if entry.activity:
        parts.append(f"GenX: {entry.activity}…")
    if findings is not None:
        parts += _findings(findings, markdown)
    return "\n\n".join(parts)


def _findings(findings: Findings, markdown: bool) -> list[str]:
    strong = "**" if markdown else ""
    parts = []
    bug = wording.bug_text(findings)
    if bug:
        parts.append(f"{strong}GenX: suspected bug{strong}. {bug}")
    for rank, fix in enumerate(findings.fixes[:_FIXES], 1):
        parts.append(
            f"{strong}Fix {rank}: {fix.title}{strong} ({wording.origin(fix)}): {wording.evidence(fix, bug)}"
        )
        parts.append(_diff(fix.diff, markdown))
    if len(findings.fixes) > _FIXES:
        parts.append(f"… and {wording.count(len(findings.fixes) - _FIXES, 'more fix')}.")
    if findings.tests:
        shown = [f"- {test.title} ({wording.basis(test)})" for test in findings.tests[:_TESTS]]
        if len(findings.tests) > _TESTS:
            shown.append(f"- … and {len(findings.tests) - _TESTS} more")
        parts.append(
            f"{strong}GenX: {wording.count(len(findings.tests), 'test')}{strong}\n" + "\n".join(shown)
        )
    parts += [note if not markdown else f"_{note}_" for note in findings.notes]
    return parts


def _diff(diff: str, markdown: bool) -> str:
    """The changed lines alone: what stands around them is where the reader is."""
    lines = [x for x in diff.splitlines() if x.startswith(("-", "+")) and not x.startswith(("---", "+++"))]
    if len(lines) > _DIFF_LINES:
        lines = [*lines[:_DIFF_LINES], "…"]
    text = "\n".join(lines)
    # A fence longer than any in the code, or the code would close it.
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}diff\n{text}\n{fence}" if markdown else text

"""Findings as blocks for people: one a function, fixes first, tests in the file they would go to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from genx_lsp.cli.wording import BASIS, counts, fix_evidence, plural, shorter, test_evidence, where
from genx_lsp.findings import Findings, FixSuggestion, origin_label


def block(findings: Findings, root: Path, first_fix: int = 1) -> RenderableType:
    """Everything found about one function. Fixes are numbered from `first_fix` on."""
    return Group(*_parts(findings, root, first_fix))


def _parts(findings: Findings, root: Path, first_fix: int) -> Iterator[RenderableType]:
    title = Text(where(findings.target, root), style="bold")
    title.append(f"  {counts(findings) or 'nothing to suggest'}", style="dim")
    yield title
    if findings.bug:
        bug = Text(f"suspected bug in line {findings.bug.line}: ", style="red")
        bug.append(findings.bug.message, style="default")
        yield _in(bug)
    for number, fix in enumerate(findings.fixes, start=first_fix):
        yield from _fix(fix, number)
    if findings.tests:
        yield from _tests(findings, root)
    for note in findings.notes:
        yield _in(Text(note, style="dim"))


def _fix(fix: FixSuggestion, number: int) -> Iterator[RenderableType]:
    line = Text(f"fix {number}  ", style="green")
    line.append(fix.title, style="bold default")
    line.append(f"  ({origin_label(fix.code.origin)})", style="dim")
    yield _in(line)
    evidence = fix_evidence(fix.evidence)
    if evidence:
        yield _in(Text(evidence), 6)
    if fix.evidence.counter_example:
        yield _in(Text(fix.evidence.counter_example), 6)
    yield _in(diff_text(fix.diff), 6)


def diff_text(diff: str) -> Text:
    """A unified diff without its file header, added and removed lines coloured."""
    text = Text(no_wrap=True, overflow="ellipsis")
    for line in diff.splitlines():
        if line.startswith(("---", "+++", "@@")):
            continue
        style = {"+": "green", "-": "red"}.get(line[:1], "dim")
        text.append(line + "\n", style=style)
    text.rstrip()
    return text


def _tests(findings: Findings, root: Path) -> Iterator[RenderableType]:
    plan = findings.plan
    if plan is None:
        head = plural(len(findings.tests), "test")
    else:
        head = f"{plural(len(findings.tests), 'test')} for {shorter(plan.path, root)}"
        head += " (new file)" if plan.created else ""
        head += ": " + ", ".join(plan.added)
    yield _in(Text(head, style="cyan"))
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(ratio=3, overflow="fold")
    table.add_column(style="dim", overflow="fold")
    table.add_column(style="dim", overflow="fold")
    for test in findings.tests:
        table.add_row(Text(test.title), BASIS[test.basis], test_evidence(test.evidence))
    yield _in(table, 6)


def added_source(findings: Findings) -> str:
    """The lines that the plan adds to its test file."""
    plan = findings.plan
    if plan is None:
        return ""
    return "\n".join(plan.new_text.splitlines()[plan.first_line - 1 : plan.last_line])


def _in(part: RenderableType, columns: int = 2) -> RenderableType:
    return Padding(part, (0, 0, 0, columns), expand=False)

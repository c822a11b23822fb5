"""What the page shows of findings: plain strings and numbers, so that the template only lays out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from genx_lsp.findings import (
    Evidence,
    Findings,
    FixSuggestion,
    MatrixView,
    SuspectedBug,
    TestFilePlan,
    TestSuggestion,
    origin_label,
)
from genx_lsp.report.agreement import Agreement, agreement
from genx_lsp.report.matrix import MatrixTable, matrix_table
from genx_lsp.report.wording import count, expectation_text, one_line

BASES = {
    "specification": "a docstring, a test or you say so",
    "agreement": "candidate programs agree on it",
    "observation": "it is what the code does today",
}


@dataclass(frozen=True)
class DiffLine:
    """One line of a diff; `kind` is added, removed, hunk or context."""

    kind: str
    sign: str
    text: str


@dataclass(frozen=True)
class TestView:
    """A suggested test."""

    title: str
    source: str
    basis: str
    basis_text: str
    evidence: tuple[str, ...]
    mutants: tuple[str, ...]

    __test__ = False


@dataclass(frozen=True)
class FixView:
    """A suggested fix."""

    title: str
    origin: str
    evidence: tuple[str, ...]
    counter_example: str
    diff: tuple[DiffLine, ...]


@dataclass(frozen=True)
class PlanView:
    """The test file as it would be after writing; only the added lines."""

    path: str
    created: bool
    added: str
    text: str


@dataclass(frozen=True)
class BugView:
    """A suspected bug."""

    where: str
    message: str
    counter_example: str
    because: str


@dataclass(frozen=True)
class TargetView:
    """One target's part of the page."""

    anchor: str
    name: str
    where: str
    lines: str
    summary: str
    mark: str
    """A symbol for the list of contents: `!` suspected bug, `✓` tests or fixes, `–` nothing."""
    facts: tuple[tuple[str, str], ...]
    bug: BugView | None
    fixes: tuple[FixView, ...]
    tests: tuple[TestView, ...]
    plan: PlanView | None
    gain: str
    """What all offered tests are good for together."""
    agreement: Agreement | None
    matrix: MatrixTable | None
    notes: tuple[str, ...]


def overview(findings: Sequence[Findings]) -> str:
    """What the whole page holds, as one line."""
    parts = [
        count(len(findings), "function"),
        count(sum(len(found.tests) for found in findings), "test"),
        count(sum(len(found.fixes) for found in findings), "fix", "fixes"),
        count(sum(found.bug is not None for found in findings), "suspected bug"),
    ]
    return " · ".join(parts)


def target_view(found: Findings, index: int, root: Path | None) -> TargetView:
    """Everything the page says about one target."""
    target, matrix = found.target, found.matrix.view()
    return TargetView(
        anchor=f"target-{index}",
        name=target.qualified_name,
        where=_path(target.path, root),
        lines=f"lines {target.first_line}–{target.last_line}",
        summary=_summary(found),
        mark="!" if found.bug else "✓" if found.tests or found.fixes else "–",
        facts=_facts(found, matrix),
        bug=_bug(found.bug, root, target.path) if found.bug else None,
        fixes=tuple(_fix(fix) for fix in found.fixes),
        tests=tuple(_test(test) for test in found.tests),
        plan=_plan(found.plan, root) if found.plan else None,
        gain=_gain(found),
        agreement=agreement(matrix),
        matrix=matrix_table(matrix),
        notes=found.notes,
    )


def _summary(found: Findings) -> str:
    parts = []
    if found.bug:
        parts.append("suspected bug")
    if found.fixes:
        parts.append(count(len(found.fixes), "fix", "fixes"))
    if found.tests:
        parts.append(count(len(found.tests), "test"))
    return " · ".join(parts) or "nothing to suggest"


def _gain(found: Findings) -> str:
    mutants = {mutant for test in found.tests for mutant in test.evidence.mutants_killed}
    lines = {line for test in found.tests for line in test.evidence.lines_covered}
    parts = []
    if mutants:
        parts.append(f"tell the code from {count(len(mutants), 'changed copy', 'changed copies')} of it")
    if lines:
        parts.append(f"run {count(len(lines), 'line')} of it ({_ranges(sorted(lines))})")
    return f"Together they {' and '.join(parts)}." if parts else ""


def _facts(found: Findings, matrix: MatrixView) -> tuple[tuple[str, str], ...]:
    facts = [
        ("sandbox", found.level or "not used"),
        ("scorer", found.scorer or "none"),
        ("time", f"{found.seconds:.1f} s"),
        ("programs", str(len(matrix.codes))),
        ("tests tried", str(len(matrix.tests))),
    ]
    if found.stage != "final":
        facts.append(("stage", f"{found.stage}: work had not ended"))
    return tuple(facts)


def _bug(bug: SuspectedBug, root: Path | None, path: Path) -> BugView:
    return BugView(
        where=f"{_path(path, root)}:{bug.line}",
        message=bug.message,
        counter_example=bug.counter_example,
        because=BASES[bug.basis] + (f" · confidence {bug.confidence:.0%}" if bug.confidence else ""),
    )


def _fix(fix: FixSuggestion) -> FixView:
    evidence = fix.evidence
    said = list(_counts(evidence))
    if evidence.candidates:
        said.append(f"{evidence.agreeing} of {count(evidence.candidates, 'program')} behave the same")
    said.append(f"score {evidence.score:.2f}")
    return FixView(
        title=fix.title,
        origin=origin_label(fix.code.origin),
        evidence=tuple(said),
        counter_example=evidence.counter_example,
        diff=_diff(fix.diff),
    )


def _counts(evidence: Evidence) -> tuple[str, ...]:
    if not evidence.tests:
        return ()
    return (
        f"passes {evidence.passed} of {count(evidence.tests, 'test')}",
        f"the code as saved {evidence.current_passed}",
    )


def _test(suggestion: TestSuggestion) -> TestView:
    evidence, test = suggestion.evidence, suggestion.test
    said = [f"score {evidence.score:.2f}"]
    if evidence.candidates:
        said.append(f"{evidence.agreeing} of {count(evidence.candidates, 'program')} agree")
    if evidence.lines_covered:
        said.append(f"first to reach {_ranges(evidence.lines_covered)}")
    if evidence.grade != "values":
        said.append(f"run as {evidence.grade}")
    statement = expectation_text(test.expression, test.expectation, test.expected_text)
    return TestView(
        title=suggestion.title,
        source="\n".join(part for part in (test.setup, statement) if part),
        basis=suggestion.basis,
        basis_text=BASES[suggestion.basis],
        evidence=tuple(said),
        mutants=tuple(one_line(mutant) for mutant in evidence.mutants_killed),
    )


def _plan(plan: TestFilePlan, root: Path | None) -> PlanView:
    lines = plan.new_text.splitlines()
    shown = lines if plan.created else lines[max(0, plan.first_line - 1) : plan.last_line]
    return PlanView(
        path=_path(plan.path, root),
        created=plan.created,
        added=count(len(plan.added), "test function"),
        text="\n".join(shown).strip("\n"),
    )


def _diff(text: str) -> tuple[DiffLine, ...]:
    lines: list[DiffLine] = []
    for line in text.splitlines():
        if line.startswith(("--- ", "+++ ")) and not lines:
            continue
        if line.startswith("@@"):
            lines.append(DiffLine("hunk", "", line))
        elif line.startswith("+"):
            lines.append(DiffLine("added", "+", line[1:]))
        elif line.startswith("-"):
            lines.append(DiffLine("removed", "−", line[1:]))
        else:
            lines.append(DiffLine("context", " ", line[1:]))
    return tuple(lines)


def _path(path: Path, root: Path | None) -> str:
    if root is not None and path.is_relative_to(root):
        return path.relative_to(root).as_posix()
    return path.name if root is not None else path.as_posix()


def _ranges(lines: Sequence[int]) -> str:
    """`line 4`, `lines 4–6, 9`."""
    ordered = sorted(set(lines))
    spans: list[list[int]] = []
    for line in ordered:
        if spans and line == spans[-1][1] + 1:
            spans[-1][1] = line
        else:
            spans.append([line, line])
    text = ", ".join(str(a) if a == b else f"{a}–{b}" for a, b in spans)
    return f"{'line' if len(ordered) == 1 else 'lines'} {text}"

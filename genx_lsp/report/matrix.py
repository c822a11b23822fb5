"""The pass matrix as a table that fits a page."""

from __future__ import annotations

from dataclasses import dataclass

from genx_lsp.candidate import CallTest, CodeCandidate, CodeOrigin, ItemTest, TestCandidate
from genx_lsp.findings import MatrixView, origin_label
from genx_lsp.report.wording import count, expectation_text, one_line, outcome_text
from genx_sandbox import Outcome

MOST_PROGRAMS = 40
MOST_TESTS = 40
"""Rows and columns shown: more would be no table but wallpaper, and make a page of megabytes."""

SYMBOLS = {
    "pass": ("✓", "passed"),
    "fail": ("✗", "failed"),
    "open": ("·", "nothing expected yet"),
    "timeout": ("∞", "failed: took too long"),
    "crash": ("‼", "failed: crashed"),
    "refused": ("∅", "not run"),
}
"""Cell kinds, the symbol of each (they differ without colour) and its meaning."""


@dataclass(frozen=True)
class Cell:
    """One program on one test."""

    kind: str
    symbol: str
    says: str


@dataclass(frozen=True)
class ProgramRow:
    """One program."""

    label: str
    note: str
    original: bool
    score: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class TestColumn:
    """One test; `name` is its short column head."""

    name: str
    says: str
    origin: str
    trusted: bool
    score: str

    __test__ = False


@dataclass(frozen=True)
class MatrixTable:
    """Programs by score (the code as saved first), tests by score, and what was left out."""

    columns: tuple[TestColumn, ...]
    rows: tuple[ProgramRow, ...]
    legend: tuple[tuple[str, str, str], ...]
    """Kind, symbol and meaning of the symbols that occur."""
    size: str
    left_out: str


def matrix_table(view: MatrixView) -> MatrixTable | None:
    """The table to show; None while there is nothing in it."""
    if not view.codes or not view.tests:
        return None
    rows = _order(view.codes, view.code_scores)[:MOST_PROGRAMS]
    columns = sorted(range(len(view.tests)), key=lambda j: (-_at(view.test_scores, j), j))[:MOST_TESTS]
    table = tuple(
        ProgramRow(
            label=origin_label(view.codes[i].origin),
            note=one_line(view.codes[i].note, 80),
            original=view.codes[i].origin is CodeOrigin.ORIGINAL,
            score=f"{_at(view.code_scores, i):.2f}" if view.code_scores else "",
            cells=tuple(_cell(view, i, j) for j in columns),
        )
        for i in rows
    )
    used = {cell.kind for row in table for cell in row.cells}
    return MatrixTable(
        columns=tuple(_column(view, j, n) for n, j in enumerate(columns, start=1)),
        rows=table,
        legend=tuple((kind, *SYMBOLS[kind]) for kind in SYMBOLS if kind in used),
        size=f"{count(len(view.codes), 'program')} × {count(len(view.tests), 'test')}",
        left_out=_left_out(len(view.codes) - len(rows), len(view.tests) - len(columns)),
    )


def _order(codes: tuple[CodeCandidate, ...], scores: tuple[float, ...]) -> list[int]:
    return sorted(
        range(len(codes)),
        key=lambda i: (codes[i].origin is not CodeOrigin.ORIGINAL, -_at(scores, i), i),
    )


def _at(scores: tuple[float, ...], index: int) -> float:
    return scores[index] if index < len(scores) else 0.0


def _cell(view: MatrixView, i: int, j: int) -> Cell:
    outcome = view.cells[i][j] if i < len(view.cells) and j < len(view.cells[i]) else None
    verdict = view.passed[i][j] if i < len(view.passed) and j < len(view.passed[i]) else None
    kind = cell_kind(outcome, verdict)
    symbol, meaning = SYMBOLS[kind]
    return Cell(kind, symbol, f"{meaning}; {outcome_text(outcome)}" if outcome is not None else meaning)


def cell_kind(outcome: Outcome | None, verdict: bool | None) -> str:
    """The kind of a cell, a key of `SYMBOLS`."""
    if verdict is True:
        return "pass"
    if outcome is None or outcome.kind == "refused":
        return "refused"
    if outcome.kind in ("timeout", "crash"):
        return outcome.kind
    return "open" if verdict is None else "fail"


def _column(view: MatrixView, j: int, number: int) -> TestColumn:
    test = view.tests[j]
    return TestColumn(
        name=str(number),
        says=one_line(test_text(test)),
        origin=test.origin.value,
        trusted=test.trusted,
        score=f"{_at(view.test_scores, j):.2f}" if view.test_scores else "",
    )


def test_text(test: TestCandidate) -> str:
    """A test as one statement."""
    if isinstance(test, CallTest):
        return expectation_text(test.expression, test.expectation, test.expected_text)
    assert isinstance(test, ItemTest)
    return f"{test.path.name}::{test.node_id}"


def _left_out(programs: int, tests: int) -> str:
    parts = [count(number, what) for number, what in ((programs, "program"), (tests, "test")) if number > 0]
    return f"{' and '.join(parts)} of lower score left out." if parts else ""

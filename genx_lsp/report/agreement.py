"""Who agrees with whom: programs in groups that behave alike, and the calls on which the groups differ."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from genx_lsp.candidate import CodeOrigin
from genx_lsp.findings import MatrixView, origin_label
from genx_lsp.report.matrix import cell_kind, test_text
from genx_lsp.report.wording import count, one_line, outcome_text

MOST_GROUPS = 5
MOST_CALLS = 12
"""Groups and calls shown: the matrix has the rest."""
LONGEST_ANSWER = 60


@dataclass(frozen=True)
class Group:
    """Programs that did the same on every call."""

    name: str
    """`A` is the code as saved with those that agree with it."""
    size: int
    original: bool
    says: str
    """`the code as saved and 3 programs: 2 × small change, line rewritten by the model`."""
    score: str
    """The best score among its programs."""


@dataclass(frozen=True)
class Answer:
    """What one group does on one call."""

    kind: str
    says: str


@dataclass(frozen=True)
class Difference:
    """A call on which groups differ."""

    test: str
    trusted: bool
    answers: tuple[Answer, ...]
    """In the order of the groups."""


@dataclass(frozen=True)
class Agreement:
    """The groups by size, the one of the code as saved first; the calls on which they differ."""

    groups: tuple[Group, ...]
    differences: tuple[Difference, ...]
    left_out: str


def agreement(view: MatrixView) -> Agreement | None:
    """The groups of a matrix; None where there is only one, or nothing was run."""
    calls = _comparable(view)
    behaviours: dict[tuple[str, ...], list[int]] = {}
    for i, row in enumerate(view.cells):
        # A program that was given up early is of no mind on the calls that it was not asked.
        if all(row[j].kind != "refused" for j in calls):
            behaviours.setdefault(tuple(row[j].key for j in calls), []).append(i)
    if len(behaviours) < 2:
        return None
    groups = sorted(behaviours.values(), key=lambda g: (not _has_original(view, g), -len(g), -_best(view, g)))
    shown = groups[:MOST_GROUPS]
    firsts = [group[0] for group in shown]
    differing = [j for j in calls if len({view.cells[i][j].key for i in firsts}) > 1]
    differing.sort(key=lambda j: (not view.tests[j].trusted, -_at(view.test_scores, j), j))
    return Agreement(
        groups=tuple(_group(view, group, chr(ord("A") + n)) for n, group in enumerate(shown)),
        differences=tuple(_difference(view, firsts, j) for j in differing[:MOST_CALLS]),
        left_out=_left_out(len(groups) - len(shown), len(differing) - MOST_CALLS),
    )


def _comparable(view: MatrixView) -> list[int]:
    """The columns that hold what programs did: the code as saved was run, and its outcome is known."""
    original = next((i for i, code in enumerate(view.codes) if code.origin is CodeOrigin.ORIGINAL), None)
    if original is None:
        return []
    return [j for j, outcome in enumerate(view.cells[original]) if outcome.kind != "refused"]


def _group(view: MatrixView, members: list[int], name: str) -> Group:
    origins = Counter(
        origin_label(view.codes[i].origin) for i in members if view.codes[i].origin is not CodeOrigin.ORIGINAL
    )
    original = _has_original(view, members)
    others = sum(origins.values())
    says = "the code as saved" if original else count(others, "program")
    if original:
        says += f" and {count(others, 'program')}" if others else ", alone"
    if origins:
        says += ": " + ", ".join(f"{n} × {label}" if n > 1 else label for label, n in origins.most_common())
    score = f"{_best(view, members):.2f}" if view.code_scores else ""
    return Group(name, len(members), original, says, score)


def _difference(view: MatrixView, firsts: list[int], j: int) -> Difference:
    test = view.tests[j]
    answers = []
    for i in firsts:
        outcome, verdict = view.cells[i][j], view.passed[i][j]
        answers.append(Answer(cell_kind(outcome, verdict), one_line(outcome_text(outcome), LONGEST_ANSWER)))
    return Difference(one_line(test_text(test)), test.trusted, tuple(answers))


def _has_original(view: MatrixView, members: list[int]) -> bool:
    return any(view.codes[i].origin is CodeOrigin.ORIGINAL for i in members)


def _best(view: MatrixView, members: list[int]) -> float:
    return max(_at(view.code_scores, i) for i in members)


def _at(scores: tuple[float, ...], index: int) -> float:
    return scores[index] if index < len(scores) else 0.0


def _left_out(groups: int, calls: int) -> str:
    parts = [count(n, what) for n, what in ((groups, "smaller group"), (calls, "further call")) if n > 0]
    return f"{' and '.join(parts)} left out." if parts else ""

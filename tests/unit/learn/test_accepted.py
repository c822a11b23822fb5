from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from genx_lsp.candidate import CallTest, CodeCandidate, CodeOrigin, TestOrigin
from genx_lsp.feedback import FeedbackStore
from genx_lsp.findings import Evidence, Findings, FixSuggestion, LineEdit, TestSuggestion
from genx_lsp.learn.accepted import read_feedback
from genx_lsp.learn.problems import Problem
from genx_sandbox import Returns, Value

SOURCE = """
    def half(n: int) -> int:
        return n // 3
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[FeedbackStore]:
    store = FeedbackStore(tmp_path / "feedback.db")
    yield store
    store.close()


@pytest.fixture
def shown(problem: Callable[..., Any], store: FeedbackStore) -> Problem:
    """Two tests and a fix of `half` were shown."""
    made: Problem = problem(SOURCE, "half")
    tests = [CallTest(f"k{n}", f"half({n})", Returns(Value.of(n // 2)), TestOrigin.MODEL) for n in (4, 10)]
    fix = CodeCandidate("c", made.target.source.replace("3", "2"), CodeOrigin.MUTATE, "`3` to `2`")
    store.shown(
        Findings(
            made.target,
            "final",
            tests=tuple(TestSuggestion(t.key, t, "agreement", t.expression, Evidence()) for t in tests),
            fixes=(FixSuggestion("f", fix, "", (LineEdit(2, 2, "    return n // 2\n"),), "", Evidence()),),
        )
    )
    return made


def test_nothing_accepted_is_nothing_to_learn(shown: Problem, store: FeedbackStore) -> None:
    store.record("k4", "dismissed")
    assert read_feedback(store, []) == ()


def test_accepted_tests_and_fixes_come_with_their_function(shown: Problem, store: FeedbackStore) -> None:
    store.record("k4", "accepted")
    store.record("f", "accepted")
    (found,) = read_feedback(store, [])
    assert found.key == shown.key
    assert [t.expression for t in found.taken.tests] == ["half(4)"]
    ((before, fix),) = found.taken.fixes
    assert before == shown.target
    assert fix.source.endswith("n // 2\n")


def test_what_was_dismissed_comes_beside_what_was_taken(shown: Problem, store: FeedbackStore) -> None:
    store.record("k4", "accepted")
    store.record("k10", "dismissed")
    store.record("f", "dismissed")
    (found,) = read_feedback(store, [])
    assert [t.expression for t in found.taken.tests] == ["half(4)"]
    assert [t.expression for t in found.taken.dismissed_tests] == ["half(10)"]
    assert not found.taken.fixes
    ((before, fix),) = found.taken.dismissed_fixes
    assert before == shown.target
    assert fix.source.endswith("n // 2\n")


def test_what_was_undone_since_does_not_count(shown: Problem, store: FeedbackStore) -> None:
    for event in ("accepted", "undone"):
        store.record("k4", event)  # type: ignore[arg-type]
    store.record("k10", "accepted")
    (found,) = read_feedback(store, [])
    assert [t.expression for t in found.taken.tests] == ["half(10)"]


def test_an_edited_test_counts_as_it_was_edited(shown: Problem, store: FeedbackStore) -> None:
    store.record("k4", "edited", "def test_half_of_eight():\n    assert half(8) == 4\n")
    (found,) = read_feedback(store, [])
    (test,) = found.taken.tests
    assert test.expression == "half(8)"
    assert test.key in found.taken.edited


def test_a_function_that_is_gone_is_told(shown: Problem, store: FeedbackStore) -> None:
    store.record("k4", "accepted")
    shown.target.path.write_text("def other(): pass\n")
    notes: list[str] = []
    assert read_feedback(store, notes) == ()
    assert "`half` is left out" in notes[0]

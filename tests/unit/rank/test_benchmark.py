"""The ranking benchmark reads tests and counts pass@k the way its table says."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"


@pytest.fixture
def data(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("ranking_data")


@pytest.fixture
def figures(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("ranking_figures")


@pytest.mark.parametrize(
    ("statement", "planned"),
    [
        ("assert f([1], 2) == [3]", ("f([1], 2)", "equals", [3], "")),
        ("assert -1.5 == f()", ("f()", "equals", -1.5, "")),
        ("assert f(1) is None, 'why'", ("f(1)", "is", None, "")),
        ("assert f(1) == g(1)", ("bool(f(1) == g(1))", "holds", None, "")),
        ("assert not f('a')", ("bool(not f('a'))", "holds", None, "")),
        ("assert abs(f(1) - 2) < 0.1", ("bool(abs(f(1) - 2) < 0.1)", "holds", None, "")),
        ("assert f(1) == 2\nimport os", ("True", "holds", None, "assert f(1) == 2\nimport os")),
    ],
)
def test_the_parent_judges_where_a_test_compares_with_a_literal(data, statement, planned):
    found = data.plan(statement)
    assert (found.expression, found.how, found.expected, found.setup) == planned


def task(figures, right, weights, passed=((True,),)):
    codes = len(right)
    return figures.Executed(
        "t",
        np.array(weights, float),
        np.ones(1),
        np.zeros((codes, 0), np.int32),
        np.zeros((codes, 0), bool),
        np.array(passed * codes, bool),
        np.array(right),
    )


def test_pass_at_draws_from_each_of_the_best_levels_by_weight(figures):
    three = task(figures, [True, False, True], [1, 3, 1])
    assert figures.pass_at(three, np.array([0.5, 0.5, 0.1]), 1) == 0.25
    assert figures.pass_at(three, np.array([0.5, 0.5, 0.1]), 2) == 1.0
    assert figures.pass_at(three, np.array([0.1, 0.9, 0.1]), 1) == 0.0
    assert figures.pass_at(three, np.array([0.3, 0.3, 0.3]), 2) == pytest.approx(1 - 0.6**2)


def test_a_task_without_a_passing_pair_counts_at_random(figures):
    silent = task(figures, [True, False], [1, 3], ((False,),))
    assert figures.pass_at(silent, np.array([0.0, 1.0]), 1) == 0.25
    assert figures.random_pass_at(silent, 4) == 1.0


def test_a_tighter_limit_turns_slow_calls_into_failures(figures):
    recorded = figures.Recorded(
        "t",
        np.ones(1),
        np.ones(2),
        np.array([0, 1]),
        np.array([0, 1]),
        np.array([[5, 6]], np.int32),
        np.array([[True, True]]),
        np.array([[0, 2]], np.uint8),
        np.array([[True, True]]),
        np.array([True]),
    )
    usual = recorded.within(0.1)
    assert usual.passed.tolist() == [[True, False]]
    assert usual.outcomes.tolist() == [[5, 0]]
    assert usual.answered.tolist() == [[True, False]]
    assert recorded.within(0.5).passed.all()

"""The benchmark's check that nothing it measures on was trained on."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    found: Callable[..., Any] = importlib.import_module("learning_leakage").check
    return found


def task(name: str, prompt: str, solution: str, function: str) -> dict[str, Any]:
    return {"task_id": name, "prompt": prompt, "canonical_solution": solution, "entry_point": function}


HALF = task("H/1", 'def half(n):\n    """Half of n, rounded down."""\n', "    return n // 2\n", "half")
WORDS = task(
    "H/2",
    'def words(text):\n    """The words of a text, sorted."""\n',
    "    return sorted(text.split())\n",
    "words",
)


def test_the_same_program_under_another_name_and_text_is_found(check: Callable[..., Any]) -> None:
    copied = task(
        "M/1", 'def halve(n):\n    """Divide an integer by two."""\n', "    return n // 2\n", "halve"
    )
    assert check([copied], [WORDS, HALF]).left_out == {"M/1"}


def test_nearly_the_same_text_is_found(check: Callable[..., Any]) -> None:
    near = task(
        "M/2",
        'def get_words(text):\n    """The words of a text, sorted."""\n',
        "    return sorted(text.split(' '))\n",
        "get_words",
    )
    found = check([near], [HALF, WORDS])
    assert found.left_out == {"M/2"}
    assert found.pair == ("M/2", "H/2")
    assert "1 training problems are left out" in found.told()


def test_another_problem_stays_and_the_nearest_is_told(check: Callable[..., Any]) -> None:
    other = task("M/3", 'def total(xs):\n    """Sum of xs."""\n', "    return sum(xs)\n", "total")
    found = check([other], [HALF, WORDS])
    assert found.left_out == frozenset()
    assert found.nearest < 0.5
    assert "none is left out" in found.told()

"""Where the benchmark withholds a solution: what the candidates agree on stands in, or nothing does."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from genx_lsp.config import Settings
from genx_lsp.learn.workbench import Sandboxes

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"
HEAD = 'def double(x):\n    """Twice x."""\n'
TASK = {
    "task_id": "1",
    "prompt": HEAD,
    "entry_point": "double",
    "canonical_solution": "    return 2 * x\n",
    "test": "assert double(21) == 42\n",
}
TESTS = ["assert double(4) == 8", "assert double(0) == 0", "assert double(3) == 7"]


@pytest.fixture
def stand_ins(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    found: Callable[..., Any] = importlib.import_module("learning_agreement").stand_ins
    return found


def test_the_program_that_most_agree_with_stands_in(
    stand_ins: Callable[..., Any], boxes: Sandboxes, scripted: Callable[..., Any], tmp_path: Path
) -> None:
    right, alike, wrong = (HEAD + f"    return {value}\n" for value in ("x + x", "x * 2", "x"))
    model = scripted([wrong, right, alike, *TESTS])
    found = stand_ins([TASK], 0.0, model, Settings(), boxes, tmp_path)
    (task,) = found.tasks
    assert task["canonical_solution"] in (right, alike)
    assert task["test"] == ""
    assert (found.withheld, found.found, found.right) == (1, 1, 1)
    assert "agree on 1 of them, and are right in 1" in found.told()


def test_a_problem_on_which_nobody_agrees_is_left_out(
    stand_ins: Callable[..., Any], boxes: Sandboxes, scripted: Callable[..., Any], tmp_path: Path
) -> None:
    model = scripted([HEAD + "    return x + x\n", HEAD + "    return x\n", *TESTS])
    assert stand_ins([TASK], 0.0, model, Settings(), boxes, tmp_path).tasks == []


def test_what_is_known_is_not_asked_for(
    stand_ins: Callable[..., Any], boxes: Sandboxes, scripted: Callable[..., Any], tmp_path: Path
) -> None:
    found = stand_ins([TASK, TASK], 0.5, scripted([]), Settings(), boxes, tmp_path)
    assert found.tasks == [TASK]
    assert (found.withheld, found.found) == (1, 0)

"""The benchmark's simulated user: what they took in their own style comes back in it."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"
BODIES = {
    "clamp(x: int, low: int) -> int": "return low if x < low else x",
    "share(total: int, people: int) -> int": "return 0 if people < 1 else total // people",
    "longest(first: str, second: str) -> str": "return first if len(first) > len(second) else second",
    "within(n: int, limit: int) -> bool": "return -limit <= n <= limit",
    "steps(start: int, end: int) -> int": "return abs(start - end) + 1",
    "shout(text: str, loud: bool) -> str": "return text.upper() if loud else text",
    "times(word: str, count: int) -> str": "return word * min(count, 3)",
    "least(a: int, b: int) -> int": "return a if a < b else b",
    "apart(a: int, b: int) -> bool": "return a != b",
    "joined(first: str, last: str) -> str": "return first + last if last else first",
}


@pytest.fixture
def simulated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    # It names its own; afterwards they are what they were.
    for name in ("GENX_LEARN_DIR", "GENX_FEEDBACK"):
        monkeypatch.setenv(name, str(tmp_path / name))
    return importlib.import_module("learning_user")


@pytest.fixture
def data(tmp_path: Path) -> Callable[[int], Path]:
    """A folder with so many small functions in the place of MBPP."""

    def write(count: int) -> Path:
        tasks = [
            {
                "task_id": f"Small/{number}",
                "prompt": f"def {head}:\n    '''\n    What is withheld.\n    '''\n",
                "entry_point": head.partition("(")[0],
                "canonical_solution": f"    {body}\n",
                "test": "",
            }
            for number, (head, body) in enumerate(list(BODIES.items())[:count])
        ]
        path = tmp_path / "data" / "mbpp" / "mbpp_sanitized.jsonl"
        path.parent.mkdir(parents=True)
        path.write_text("".join(json.dumps(task) + "\n" for task in tasks))
        return tmp_path / "data"

    return write


def sizes(simulated: Any, small_model: Path, **given: int) -> Any:
    usual = {"seconds": 60, "tests": 0, "rewrites": 0, "steps": 2, "batch": 1, "samples": 1, "seed": 0}
    return simulated.Sizes(model=str(small_model), docstrings=False, **{**usual, **given})


@pytest.mark.timeout(600)
def test_what_was_edited_into_a_style_is_suggested_in_it(
    simulated: Any, data: Callable[[int], Path], small_model: Path, tmp_path: Path
) -> None:
    asked = sizes(simulated, small_model, accepted=100, apart=1)
    result = simulated.run(asked, data(4), tmp_path / "work", train=False)

    assert result["rows"]["before"]["cases"] > 0
    assert result["style_share"]["before"] == 0.0
    assert result["accepted"]["edited"] > 0
    assert result["style_share"]["accepted"] >= 0.8
    assert result["rows"]["accepted"]["cases"] > 0

    again = simulated.run(asked, tmp_path / "data", tmp_path / "work", train=False)
    assert again == result, "what is done is not done again"

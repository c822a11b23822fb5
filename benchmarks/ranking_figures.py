"""From scores to pass@k: expected values, so that neither ties nor the order of candidates matter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

TOP = (1, 2, 10)


@dataclass(frozen=True)
class Executed:
    """One task's candidates and what they did.

    `outcomes[i, c]` numbers the outcome of program i on call c (equal numbers behaved equally, -1 was
    not run); `passed` is bool (programs, tests); `right[i]` is the ground truth.
    """

    name: str
    code_weights: NDArray[np.float64]
    test_weights: NDArray[np.float64]
    test_calls: NDArray[np.intp]
    """Call of each test."""
    behaviour: NDArray[np.intp]
    """Calls whose outcome is what the target itself returned."""
    outcomes: NDArray[np.int32]
    passed: NDArray[np.bool_]
    right: NDArray[np.bool_]

    def take(self, programs: NDArray[np.intp]) -> Executed:
        """A sample of the programs, drawn with their multiplicity: `programs` may repeat indices."""
        unique, times = np.unique(programs, return_counts=True)
        return Executed(
            self.name,
            times.astype(np.float64),
            self.test_weights,
            self.test_calls,
            self.behaviour,
            self.outcomes[unique],
            self.passed[unique],
            self.right[unique],
        )


Scoring = Callable[[Executed], NDArray[np.float64]]
"""Code scores of one task; larger is better."""


def pass_at(task: Executed, scores: NDArray[np.float64], k: int) -> float:
    """Chance that one of k programs is right, by CodeT's rule.

    Programs of equal score form a level; one program is drawn from each of the k best levels, and where
    there are fewer levels the draw goes round again. A task in which no program passes a test says
    nothing to any scorer and counts at random.
    """
    if not task.passed.any():
        return random_pass_at(task, k)
    # Scores that differ by rounding only are one level.
    rounded = np.round(scores, 12)
    levels = np.unique(rounded)[::-1]
    wrong = 1.0
    for turn in range(k):
        members = rounded == levels[turn % len(levels)]
        weight = task.code_weights[members]
        wrong *= 1.0 - float(weight @ task.right[members] / weight.sum())
    return 1.0 - wrong


def random_pass_at(task: Executed, k: int) -> float:
    """Unbiased pass@k of the samples themselves (Chen et al. 2021, "Codex", section 2.1)."""
    n = round(task.code_weights.sum())
    c = round(float(task.code_weights @ task.right))
    return 1.0 - comb(n - c, min(k, n)) / comb(n, min(k, n))


def table(tasks: Sequence[Executed], scorings: dict[str, Scoring]) -> dict[str, dict[int, float]]:
    """Percent pass@k over all tasks for `random` and every scoring, by name and k."""
    figures = {"random": {k: _percent([random_pass_at(task, k) for task in tasks]) for k in TOP}}
    for name, scoring in scorings.items():
        scored = [(task, scoring(task)) for task in tasks]
        figures[name] = {k: _percent([pass_at(task, scores, k) for task, scores in scored]) for k in TOP}
    return figures


def _percent(values: Sequence[float]) -> float:
    return 100.0 * float(np.mean(values)) if values else 0.0

"""From scores to pass@k: expected values, so that neither ties nor the order of candidates matter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import comb

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

TOP = (1, 2, 10)
LIMITS = (0.02, 0.1, 0.5)
"""Seconds a call may take. All are executed with the last; the others are read off the time it took."""
USUAL = 0.1
"""CodeT's limit, in force for the table."""


@dataclass(frozen=True)
class Executed:
    """One task's candidates and what they did.

    `outcomes[i, c]` numbers the outcome of program i on call c (equal numbers behaved equally),
    `answered[i, c]` tells that it was an answer (no exception, no None); both only for calls whose
    outcome is what the target itself returned. `passed` is bool (programs, tests), `right[i]` the truth.
    """

    name: str
    code_weights: Floats
    test_weights: Floats
    outcomes: NDArray[np.int32]
    answered: NDArray[np.bool_]
    passed: NDArray[np.bool_]
    right: NDArray[np.bool_]

    def sample(self, size: int, random: np.random.Generator) -> Executed:
        """`size` of the samples, drawn without putting back, as if no more had been generated."""
        pool = np.repeat(np.arange(len(self.code_weights)), self.code_weights.astype(int))
        drawn = random.choice(pool, min(size, len(pool)), replace=False)
        rows, times = np.unique(drawn, return_counts=True)
        return Executed(
            self.name,
            times.astype(np.float64),
            self.test_weights,
            self.outcomes[rows],
            self.answered[rows],
            self.passed[rows],
            self.right[rows],
        )


@dataclass(frozen=True)
class Recorded:
    """What execution recorded of one task, under the longest limit; shapes as in `Executed`.

    `slow[i, c]` counts the limits that program i's call c outlived. `outcomes` are those of all calls.
    """

    name: str
    code_weights: Floats
    test_weights: Floats
    test_calls: NDArray[np.intp]
    behaviour: NDArray[np.intp]
    outcomes: NDArray[np.int32]
    answered: NDArray[np.bool_]
    slow: NDArray[np.uint8]
    passed: NDArray[np.bool_]
    right: NDArray[np.bool_]

    def within(self, limit: float) -> Executed:
        """The task as if every call had been ended after `limit` seconds, one of `LIMITS`."""
        in_time = self.slow <= LIMITS.index(limit)
        calls = self.behaviour
        return Executed(
            self.name,
            self.code_weights,
            self.test_weights,
            np.where(in_time, self.outcomes, 0)[:, calls],
            (self.answered & in_time)[:, calls],
            self.passed & in_time[:, self.test_calls],
            self.right,
        )


@dataclass(frozen=True)
class Unnamed:
    """What the programs did on calls that no test names, each ended after `USUAL` seconds."""

    outcomes: NDArray[np.int32]
    answered: NDArray[np.bool_]

    def beside(self, task: Executed) -> Executed:
        """The task with these calls' outcomes after its own."""
        return replace(
            task,
            outcomes=np.hstack([task.outcomes, self.outcomes]),
            answered=np.hstack([task.answered, self.answered]),
        )


Scoring = Callable[[Executed], Floats]
"""Code scores of one task; larger is better."""


def pass_at(task: Executed, scores: Floats, k: int) -> float:
    """Chance that one of k programs is right, by CodeT's rule.

    Programs of equal score form a level; one program is drawn from each of the k best levels, and where
    there are fewer levels the draw goes round again. A task in which no program passes a test counts at
    random.
    """
    if not task.passed.any():
        return random_pass_at(task, k)
    # Scores that differ by rounding only are one level.
    rounded = np.round(scores, 9)
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


def each_task(tasks: Sequence[Executed], scoring: Scoring | None, k: int) -> Floats:
    """pass@k of every task; no scoring means random."""
    if scoring is None:
        return np.array([random_pass_at(task, k) for task in tasks])
    return np.array([pass_at(task, scoring(task), k) for task in tasks])


def percent(values: Floats | Sequence[float]) -> float:
    """Mean in percent, to two digits."""
    return round(100.0 * float(np.mean(values)), 2) if len(values) else 0.0


def halves(tasks: int, random: np.random.Generator) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """A split of the tasks in two, for choosing a constant on one half and reporting on the other."""
    order = random.permutation(tasks)
    return order[: tasks // 2], order[tasks // 2 :]

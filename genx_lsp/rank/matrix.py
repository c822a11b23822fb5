"""The pass matrix as scorers see it: checked, weighed, and with equal rows brought together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PassMatrix:
    """P: bool (codes, tests); the weights say how many times each row and column counts.

    A weight is a multiplicity: how many samples gave that program or test. A trusted test (docstring
    example, passing user test, accepted suggestion) enters as a larger weight; nothing else marks it.
    """

    passed: Bools
    code_weights: Floats
    test_weights: Floats

    @classmethod
    def of(cls, passed: ArrayLike, code_weights: ArrayLike, test_weights: ArrayLike) -> PassMatrix:
        """Check shapes and weights.

        Raises ValueError where P is not two-dimensional, where a weight vector does not fit it, or
        where a weight is negative or not finite.
        """
        matrix = np.asarray(passed, dtype=bool)
        if matrix.ndim != 2:
            raise ValueError(f"A pass matrix has two dimensions (codes, tests); this one has {matrix.ndim}.")
        return cls(
            matrix,
            _weights(code_weights, matrix.shape[0], "code"),
            _weights(test_weights, matrix.shape[1], "test"),
        )


@dataclass(frozen=True)
class Groups:
    """Programs that pass exactly the same tests ("consensus sets" in CodeT and B4).

    `member_of[i]` is the group of code i, `passed[g]` the row its members share, `weights[g]` the
    sum of their weights.
    """

    member_of: NDArray[np.intp]
    passed: Bools
    weights: Floats

    def tests_passed(self, test_weights: Floats) -> Floats:
        """Weight of the tests that each group passes."""
        return self.passed @ test_weights


def group_rows(matrix: PassMatrix) -> Groups:
    """Bring codes with equal rows together, in order of first appearance."""
    packed = np.packbits(matrix.passed, axis=1)
    first: dict[bytes, int] = {}
    rows: list[int] = []
    member_of = np.empty(len(packed), dtype=np.intp)
    for i, row in enumerate(packed):
        key = row.tobytes()
        if key not in first:
            first[key] = len(rows)
            rows.append(i)
        member_of[i] = first[key]
    weights = np.bincount(member_of, weights=matrix.code_weights, minlength=len(rows)).astype(np.float64)
    return Groups(member_of, matrix.passed[rows], weights)


def best_group_score(groups: Groups, group_scores: Floats) -> Floats:
    """For every test the score of the best group that passes it; 0 where none does."""
    if not len(group_scores):
        return np.zeros(groups.passed.shape[1])
    return np.asarray(np.where(groups.passed, group_scores[:, None], 0.0).max(axis=0), dtype=np.float64)


def scaled(scores: Floats) -> Floats:
    """Non-negative scores divided by their largest, so that they lie in [0, 1]; all-zero stays so."""
    top = scores.max(initial=0.0)
    return scores / top if top > 0 else np.zeros_like(scores)


def _weights(values: ArrayLike, length: int, what: str) -> Floats:
    weights = np.asarray(values, dtype=np.float64)
    if weights.shape != (length,):
        raise ValueError(f"The pass matrix has {length} {what}s, but {weights.shape} {what} weights came.")
    if not np.all(np.isfinite(weights)) or np.any(weights < 0):
        raise ValueError(f"A {what} weight must be a finite number, 0 or more.")
    return weights

"""Scoring with outcomes beside the bits: what programs answer, and what tests say of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from genx_lsp.rank.matrix import Floats, PassMatrix, scaled
from genx_lsp.rank.scorers import b4

B4_SHARE = 0.25
"""Exponent of the tests' factor. Anything from 0.15 to 0.3 is as good within noise (docs/ranking.md)."""


@dataclass(frozen=True)
class Outcomes:
    """What programs did on calls; the calls need no expectation, and need not be those of the tests.

    `keys[i][c]` is the outcome key of program i on call c, None where it was not run. `answered[i][c]`
    tells that the outcome is an answer; None means that every outcome is. What is no answer wins no
    agreement: programs that all crash alike, or all fall off their end and return None, agree on nothing.
    Where None or an exception is what a call should give (a known-good test says so, or the function
    changes its argument), the caller marks it as answered.
    """

    keys: Sequence[Sequence[str | None]]
    answered: ArrayLike | None = None


def consensus(
    passed: ArrayLike, code_weights: ArrayLike, test_weights: ArrayLike, outcomes: Outcomes
) -> tuple[Floats, Floats]:
    """Agreement of answers, tempered by the tests: A_i * B_i ** (1/4), divided by the best.

    A_i = (mean over calls c of sqrt(a_ic * s_ic)) ** 2, where s_ic is the share of the programs run on
    c, by weight, that have the same outcome there, and a_ic is 1 for an answer, else 0. Calls that no
    program answers are left out, and so are, for a program, those it was not run on. B_i is the `b4`
    score of the program; where no program passes any test it is 1 for all, and agreement decides.
    A test scores as the best program that passes it.

    Ours. Agreement over executed calls is minimum Bayes risk decoding by execution (Shi et al. 2022,
    arXiv 2204.11454) in the soft form of functional overlap (To et al. 2023, "SRank",
    arXiv 2311.03366); the square root keeps rare disagreements from being drowned, as in `codet`. The
    tests enter through B4's posterior (arXiv 2409.08692). Derivation and figures: docs/ranking.md.

    Raises ValueError where the outcomes do not fit the matrix.
    """
    m = PassMatrix.of(passed, code_weights, test_weights)
    agreed = _agreement(m, outcomes)
    if m.passed.any():
        agreed = agreed * b4(m.passed, m.code_weights, m.test_weights)[0] ** B4_SHARE
    codes = scaled(agreed)
    tests = np.where(m.passed, codes[:, None], 0.0).max(axis=0, initial=0.0)
    return codes, np.asarray(tests, dtype=np.float64)


def _agreement(m: PassMatrix, outcomes: Outcomes) -> Floats:
    rows = len(m.code_weights)
    keys, answered = _checked(outcomes, rows)
    sums, counts = np.zeros(rows), np.zeros(rows)
    for c in range(answered.shape[1]):
        column = [row[c] for row in keys]
        ran = np.array([key is not None for key in column], dtype=bool)
        if not (answered[:, c] & ran).any():
            continue
        numbers: dict[str | None, int] = {}
        number = np.array([numbers.setdefault(key, len(numbers)) for key in column], dtype=np.intp)
        votes = np.bincount(number, weights=m.code_weights * ran)
        share = votes[number] / max(votes.sum(), np.finfo(float).tiny)
        sums += np.sqrt(np.clip(share, 0.0, 1.0)) * (answered[:, c] & ran)
        counts += ran
    if not counts.any():
        return np.ones(rows)
    return (sums / np.maximum(counts, 1.0)) ** 2


def _checked(
    outcomes: Outcomes, rows: int
) -> tuple[Sequence[Sequence[str | None]], np.ndarray[tuple[int, ...], np.dtype[np.bool_]]]:
    keys = outcomes.keys
    calls = len(keys[0]) if len(keys) else 0
    if len(keys) != rows or any(len(row) != calls for row in keys):
        raise ValueError(f"Outcomes need one row for each of the {rows} codes, all of the same length.")
    if outcomes.answered is None:
        return keys, np.ones((rows, calls), dtype=bool)
    answered = np.asarray(outcomes.answered, dtype=bool).reshape(rows, -1) if rows else np.ones((0, 0), bool)
    if answered.shape != (rows, calls):
        raise ValueError(f"`answered` has the shape {answered.shape}, the outcome keys {(rows, calls)}.")
    return keys, answered

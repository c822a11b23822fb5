"""Scoring functions over the pass matrix, all behind one signature.

`scorer(P, code_weights, test_weights) -> (code_scores, test_scores)`, P bool (codes, tests), scores
float in [0, 1], comparable within one call only. All-zero rows and columns score 0: a program that
passes nothing, or a test that nothing passes, has no vote in its favour.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from genx_lsp.rank.matrix import Floats, PassMatrix, best_group_score, group_rows, scaled

GENX_ITERATIONS = 10
"""Rounds of mutual scoring; the order of programs rarely changes after that (docs/ranking.md)."""

B4_ALPHA_XY = 1e3
"""Beta prior on the shares of right programs and right tests: both are common among candidates."""
B4_BETA_0 = 1e4
"""Beta prior on how often a wrong program passes a wrong test: hardly ever."""


class Scorer(Protocol):
    """What every scoring function looks like."""

    def __call__(
        self, passed: ArrayLike, code_weights: ArrayLike, test_weights: ArrayLike, /
    ) -> tuple[Floats, Floats]:
        """Score codes and tests from P: bool (codes, tests)."""


def max_pass(passed: ArrayLike, code_weights: ArrayLike, test_weights: ArrayLike) -> tuple[Floats, Floats]:
    """Share of tests that a program passes, share of programs that pass a test.

    code_i = sum_j P_ij v_j / sum_j v_j and test_j = sum_i w_i P_ij / sum_i w_i. The baseline of
    Lahiri et al. 2022 (TiCoder) and of Chen et al. 2022 (CodeT), which call it counting.
    """
    m = PassMatrix.of(passed, code_weights, test_weights)
    groups = group_rows(m)
    scores = groups.tests_passed(m.test_weights) / max(m.test_weights.sum(), np.finfo(float).tiny)
    tests = groups.weights @ groups.passed / max(m.code_weights.sum(), np.finfo(float).tiny)
    return np.clip(scores, 0.0, 1.0)[groups.member_of], np.clip(tests, 0.0, 1.0)


def codet(passed: ArrayLike, code_weights: ArrayLike, test_weights: ArrayLike) -> tuple[Floats, Floats]:
    """Dual execution agreement: sqrt(|S_x|) * |S_y| for the group S_x of programs that pass just S_y.

    Both counts are sums of weights; scores are divided by the best group's. A test scores as the best
    group that passes it. Chen et al. 2022, "CodeT", arXiv 2207.10397, section 2.2 and the square root
    of section 3.1.
    """
    m = PassMatrix.of(passed, code_weights, test_weights)
    groups = group_rows(m)
    scores = scaled(np.sqrt(groups.weights) * groups.tests_passed(m.test_weights))
    return scores[groups.member_of], best_group_score(groups, scores)


def genx(
    passed: ArrayLike,
    code_weights: ArrayLike,
    test_weights: ArrayLike,
    *,
    iterations: int = GENX_ITERATIONS,
) -> tuple[Floats, Floats]:
    """Mutual iteration: a program is as good as the tests it passes, a test as the programs that pass it.

    From tests all 1: code = P (v * test), test = P^T (w * code), each divided by its largest entry in
    every round, so that scores stay in [0, 1]. One round is `max_pass`; without end it is the leading
    singular pair of P, as in HITS. Wang et al. 2024, "GenX", arXiv 2412.13464, the scoring function.
    """
    m = PassMatrix.of(passed, code_weights, test_weights)
    groups = group_rows(m)
    p = groups.passed.astype(np.float64)
    scores = np.zeros(p.shape[0])
    tests = np.ones(p.shape[1])
    for _ in range(max(1, iterations)):
        scores = scaled(p @ (m.test_weights * tests))
        tests = scaled((groups.weights * scores) @ p)
    return scores[groups.member_of], tests


def b4(passed: ArrayLike, code_weights: ArrayLike, test_weights: ArrayLike) -> tuple[Floats, Floats]:
    """Bayesian posterior of "this group is right, and so are just the tests it passes".

    With x the group's programs, y the tests it passes, N and M all programs and tests:
    log p = lnB(|x| + a, N - |x| + 1) + lnB(|y| + a, M - |y| + 1)
    + lnB(n1 + 1, m1 + 1) + lnB(n0 + 1, m0 + b), where n1 and m1 count passes and failures of the other
    programs on y, n0 and m0 those on the other tests; a = 1e3, b = 1e4. Counts are sums of weights.
    Chen et al. 2024, "B4: Towards Optimal Assessment of Plausible Code Solutions with Plausible
    Tests", arXiv 2409.08692, section 4.

    Posteriors differ by hundreds of nats, so the score is 1 / (1 + d) for d nats behind the best
    group: the same order, without underflow. A test scores as the best group that passes it.
    """
    m = PassMatrix.of(passed, code_weights, test_weights)
    groups = group_rows(m)
    codes_total, tests_total = m.code_weights.sum(), m.test_weights.sum()
    passes_by_test = m.code_weights @ m.passed
    posteriors = np.full(len(groups.weights), -np.inf)
    for g, row in enumerate(groups.passed):
        x, y = groups.weights[g], row @ m.test_weights
        if not row.any():
            continue
        others = codes_total - x
        passes = (passes_by_test - x * row) * m.test_weights
        n1, n0 = passes[row].sum(), passes[~row].sum()
        posteriors[g] = (
            _lnbeta(x + B4_ALPHA_XY, others + 1)
            + _lnbeta(y + B4_ALPHA_XY, tests_total - y + 1)
            + _lnbeta(n1 + 1, others * y - n1 + 1)
            + _lnbeta(n0 + 1, others * (tests_total - y) - n0 + B4_BETA_0)
        )
    best = posteriors.max(initial=-np.inf)
    scores = np.zeros_like(posteriors)
    known = np.isfinite(posteriors)
    scores[known] = 1.0 / (1.0 + (best - posteriors[known]))
    return scores[groups.member_of], best_group_score(groups, scores)


def _lnbeta(a: float, b: float) -> float:
    # Counts are differences of sums of weights, so rounding may leave them a hair under their floor.
    a, b = max(a, 1e-9), max(b, 1e-9)
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)

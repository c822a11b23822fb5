"""Spectrum-based fault localisation: which lines the failing tests reach and the passing ones do not."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Sequence


def ochiai(
    lines_by_test: Sequence[Collection[int]],
    failed: Sequence[bool],
    weights: Sequence[float] | None = None,
) -> dict[int, float]:
    """Suspiciousness in (0, 1] of every line that a failing test reached, most suspicious first.

    `lines_by_test[j]` are the lines that test j reached, `failed[j]` its verdict, `weights[j]` how often
    it counts (1 by default). score(l) = f_l / sqrt(f * (f_l + p_l)), with f all failing tests, f_l and
    p_l the failing and the passing ones that reach l. Lines of equal suspicion come in file order. Empty
    where nothing failed. Abreu, Zoeteweij and van Gemund 2007, "On the Accuracy of Spectrum-based Fault
    Localization".

    Raises ValueError where the lengths differ.
    """
    counts = [1.0] * len(failed) if weights is None else list(weights)
    if not len(lines_by_test) == len(failed) == len(counts):
        raise ValueError("Every test needs its lines, its verdict and its weight.")
    in_failed: defaultdict[int, float] = defaultdict(float)
    in_all: defaultdict[int, float] = defaultdict(float)
    total_failed = 0.0
    for lines, fails, weight in zip(lines_by_test, failed, counts, strict=True):
        if weight <= 0:
            continue
        total_failed += weight if fails else 0.0
        for line in set(lines):
            in_all[line] += weight
            if fails:
                in_failed[line] += weight
    scores = {
        line: min(1.0, hits / math.sqrt(total_failed * in_all[line])) for line, hits in in_failed.items()
    }
    return dict(sorted(scores.items(), key=lambda item: (-item[1], item[0])))

"""Scorers by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from numpy.typing import ArrayLike

from genx_lsp.rank.matrix import Floats
from genx_lsp.rank.scorers import Scorer, b4, codet, genx, max_pass

SCORERS: Mapping[str, Scorer] = MappingProxyType(
    {"max_pass": max_pass, "codet": codet, "genx": genx, "b4": b4}
)

DEFAULT = "b4"
"""What "default" means: the scorer that wins on benchmarks/ranking.py (table in docs/ranking.md)."""


def score(
    name: str, passed: ArrayLike, code_weights: ArrayLike, test_weights: ArrayLike
) -> tuple[Floats, Floats]:
    """Score by name. P: bool (codes, tests). Returns code and test scores in [0, 1].

    Raises ValueError where there is no scorer of that name or the arguments do not fit each other.
    """
    resolved = DEFAULT if name == "default" else name
    if resolved not in SCORERS:
        known = ", ".join(["default", *SCORERS])
        raise ValueError(f"There is no scorer called {name!r}; choose one of: {known}.")
    return SCORERS[resolved](passed, code_weights, test_weights)

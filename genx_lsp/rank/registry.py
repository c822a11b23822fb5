"""Scorers by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from numpy.typing import ArrayLike

from genx_lsp.rank.consensus import Outcomes, consensus
from genx_lsp.rank.matrix import Floats
from genx_lsp.rank.scorers import Scorer, b4, codet, genx, max_pass

SCORERS: Mapping[str, Scorer] = MappingProxyType(
    {"max_pass": max_pass, "codet": codet, "genx": genx, "b4": b4}
)
"""The scorers that need the pass matrix only."""

DEFAULT = "consensus"
"""What "default" means where outcomes are known: what wins on benchmarks/ranking.py (docs/ranking.md)."""
DEFAULT_FROM_BITS = "b4"
"""What "default" means where the pass matrix is all there is."""


def resolve(name: str, outcomes: bool) -> str:
    """The scorer that `name` stands for; `outcomes` tells whether outcomes are known.

    Raises ValueError where there is no scorer of that name.
    """
    if name == "default":
        return DEFAULT if outcomes else DEFAULT_FROM_BITS
    if name not in SCORERS and name != "consensus":
        known = ", ".join(["default", "consensus", *SCORERS])
        raise ValueError(f"There is no scorer called {name!r}; choose one of: {known}.")
    return name


def score(
    name: str,
    passed: ArrayLike,
    code_weights: ArrayLike,
    test_weights: ArrayLike,
    outcomes: Outcomes | None = None,
) -> tuple[Floats, Floats]:
    """Score by name. P: bool (codes, tests). Returns code and test scores in [0, 1].

    `outcomes` is what the programs did, for the scorers that look at it; the others ignore it.
    Raises ValueError where there is no scorer of that name, the scorer needs outcomes and none came, or
    the arguments do not fit each other.
    """
    resolved = resolve(name, outcomes is not None)
    if resolved != "consensus":
        return SCORERS[resolved](passed, code_weights, test_weights)
    if outcomes is None:
        raise ValueError("The scorer 'consensus' looks at outcomes, and none came.")
    return consensus(passed, code_weights, test_weights, outcomes)

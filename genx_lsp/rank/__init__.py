"""The pass matrix and its scoring functions; pure numpy."""

from genx_lsp.rank.agreement import Agreement, expected_outcomes
from genx_lsp.rank.clusters import cluster
from genx_lsp.rank.consensus import Outcomes, consensus
from genx_lsp.rank.registry import DEFAULT, DEFAULT_FROM_BITS, SCORERS, resolve, score
from genx_lsp.rank.scorers import Scorer, b4, codet, genx, max_pass
from genx_lsp.rank.suspicion import ochiai

__all__ = [
    "DEFAULT",
    "DEFAULT_FROM_BITS",
    "SCORERS",
    "Agreement",
    "Outcomes",
    "Scorer",
    "b4",
    "cluster",
    "codet",
    "consensus",
    "expected_outcomes",
    "genx",
    "max_pass",
    "ochiai",
    "resolve",
    "score",
]

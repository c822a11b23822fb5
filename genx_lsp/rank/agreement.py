"""What candidate programs agree on: fills expectations that nobody has stated.

The test augmentation of Wang et al. 2024, "GenX", arXiv 2412.13464, without a reference program: run
generated inputs on the candidates and let the programs, weighted by their scores, vote on the output.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Agreement:
    """How the programs voted on one call."""

    shares: tuple[tuple[str, float], ...] = ()
    """Outcome keys with their share of the weight in (0, 1], largest first; equal shares by key."""

    @property
    def winner(self) -> str | None:
        """Outcome key with the largest share; None where no program with weight was run."""
        return self.shares[0][0] if self.shares else None

    @property
    def share(self) -> float:
        """Share of the winner, in [0, 1]."""
        return self.shares[0][1] if self.shares else 0.0

    @property
    def margin(self) -> float:
        """How far the winner is ahead of the runner-up, in [0, 1]; 0 is a tie, 1 is unanimous."""
        return self.share - (self.shares[1][1] if len(self.shares) > 1 else 0.0)


def expected_outcomes(
    keys: Sequence[Sequence[str | None]], code_weights: Sequence[float]
) -> tuple[Agreement, ...]:
    """One `Agreement` per call.

    `keys[i][j]` is the outcome key of program i on call j, None where it was not run (no vote).
    `code_weights[i]` >= 0 is the vote of program i: its score, times its multiplicity.

    Raises ValueError where the lengths differ.
    """
    if len(keys) != len(code_weights):
        raise ValueError(f"{len(keys)} programs came with {len(code_weights)} weights.")
    calls = len(keys[0]) if keys else 0
    votes: list[defaultdict[str, float]] = [defaultdict(float) for _ in range(calls)]
    for row, weight in zip(keys, code_weights, strict=True):
        if len(row) != calls:
            raise ValueError("Every program needs one outcome key a call.")
        if weight > 0:
            for call, key in enumerate(row):
                if key is not None:
                    votes[call][key] += float(weight)
    return tuple(Agreement(_shares(vote)) for vote in votes)


def _shares(vote: dict[str, float]) -> tuple[tuple[str, float], ...]:
    total = sum(vote.values())
    ranked = sorted(vote.items(), key=lambda item: (-item[1], item[0]))
    return tuple((key, weight / total) for key, weight in ranked)

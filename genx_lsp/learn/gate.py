"""The gate: an adapter is promoted only where it wins on functions that it was not trained on.

Measured with and without it, paired by function: how often what it really generates holds when it is run
(tests on the right program, programs on the right tests), how likely it finds the held-out answers, and how
likely those among them that a person took. It must not be worse in any of these on average, must generate
something that holds, and must win with `CONFIDENCE` by execution or by what a person took: style shows in
the likelihood only, and whose style it is a person has said. That it finds likelier what execution alone
speaks for is no win: a model learns the form of its examples long before it gets better at anything.

Confidence is by a paired bootstrap over functions (Efron and Tibshirani 1993, chapter 16) and, as that is too
sure of itself with few of them, by a paired permutation test too (the same, chapter 15).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

CONFIDENCE = 0.95
RESAMPLES = 10_000


@dataclass(frozen=True)
class Trial:
    """One held-out function, with the adapter and without."""

    problem: str
    held: tuple[float, float] | None = None
    """Share of what was generated that holds: without, with. None where nothing could be judged."""
    likelihood: tuple[float, float] | None = None
    """Mean log-probability a token of the held-out answers: without, with."""
    taken: tuple[float, float] | None = None
    """The same of the answers that a person accepted or edited; None where there are none."""


@dataclass(frozen=True)
class Measure:
    """One measure over all held-out functions."""

    without: float
    with_adapter: float
    confidence: float
    """How sure it is that the adapter is better: the lesser of what bootstrap and permutation test say."""
    functions: int

    @property
    def gain(self) -> float:
        """How much better it is on average."""
        return self.with_adapter - self.without


@dataclass(frozen=True)
class Judgement:
    """What the gate found."""

    promoted: bool
    says: str
    held: Measure | None
    likelihood: Measure | None
    taken: Measure | None

    def pack(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def judge(trials: Sequence[Trial], seed: int = 0) -> Judgement:
    """Decide on an adapter from its trials."""
    held = measure([t.held for t in trials if t.held is not None], seed)
    likelihood = measure([t.likelihood for t in trials if t.likelihood is not None], seed)
    taken = measure([t.taken for t in trials if t.taken is not None], seed)
    measures = {"execution": held, "likelihood": likelihood, "the likelihood of what you took": taken}
    worse = [name for name, m in measures.items() if m is not None and m.gain < 0]
    wins = [
        name
        for name, m in measures.items()
        if m is not None and m is not likelihood and m.gain > 0 and m.confidence >= CONFIDENCE
    ]
    # Where nothing that was generated holds, likelihood would decide alone, and says too little for that.
    blind = held is not None and held.with_adapter == 0
    promoted = bool(wins) and not worse and not blind
    if promoted:
        says = f"Promoted: it wins by {' and '.join(wins)}, and is worse in nothing."
    elif worse:
        says = f"Kept aside: it is worse by {' and '.join(worse)}."
    elif blind:
        says = "Kept aside: nothing of what it generates holds when it is run."
    else:
        says = f"Kept aside: no gain that is sure to {CONFIDENCE:.0%}."
    return Judgement(promoted, says, held, likelihood, taken)


def measure(pairs: Sequence[tuple[float, float]], seed: int = 0) -> Measure | None:
    """Averages and confidence over (without, with) pairs; None where there are none.

    The bootstrap's confidence is the share of resamples with a gain. The permutation test's is the share of
    ways to swap the two sides of some pairs that gain less: five functions must all be better for 0.95.
    """
    if not pairs:
        return None
    values = np.array(pairs, dtype=float)
    gains = values[:, 1] - values[:, 0]
    dice = np.random.default_rng(seed)
    picks = dice.integers(0, len(gains), size=(RESAMPLES, len(gains)))
    swapped = gains * dice.choice((-1.0, 1.0), size=(RESAMPLES, len(gains)))
    bootstrap = float((gains[picks].mean(axis=1) > 0).mean())
    # Swaps that change nothing gain just as much: rounding must not make them less.
    permutation = float((swapped.mean(axis=1) < gains.mean() - 1e-12).mean())
    return Measure(
        without=float(values[:, 0].mean()),
        with_adapter=float(values[:, 1].mean()),
        confidence=min(bootstrap, permutation),
        functions=len(gains),
    )


def unpacked(content: Mapping[str, Any]) -> Trial:
    """A trial from JSON."""
    pairs = (_pair(content.get(name)) for name in ("held", "likelihood", "taken"))
    return Trial(content["problem"], *pairs)


def told(judgement: Judgement) -> str:
    """The judgement in a few lines."""
    lines = [judgement.says]
    for name, m in (
        ("what it generates holds", judgement.held),
        ("held-out answers", judgement.likelihood),
        ("those that you took", judgement.taken),
    ):
        if m is not None:
            lines.append(
                f"  {name}: {m.without:.3f} -> {m.with_adapter:.3f} "
                f"({m.functions} functions, better with confidence {m.confidence:.2f})"
            )
    return "\n".join(lines)


def _pair(content: Any) -> tuple[float, float] | None:
    return (float(content[0]), float(content[1])) if content is not None else None

"""How one sample draws its next token: top-k, grammar, top-p, temperature, in numpy.

llama.cpp's own chain sorts a 1.8 MB candidate array a token for a vocabulary of 150,000; this looks only at
the few thousand tokens near the top, and gets the log-probability from the same pass.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genx_models.llama import Grammar

_REACH = 20.0
"""Logits so far below the best do not count: e^-20 x 150,000 tokens is under 0.04 % of the mass."""
_UNLIMITED = 1_000
"""Candidates looked at where top_k is 0."""


@dataclass(frozen=True)
class Candidates:
    """Tokens that may come next, likeliest first."""

    tokens: npt.NDArray[np.intp]
    logits: npt.NDArray[np.float32]
    total: float
    """Log of the sum of exp over the whole vocabulary's logits."""

    def __bool__(self) -> bool:
        """False where a grammar leaves no way to go on."""
        return len(self.tokens) > 0


@dataclass(frozen=True)
class Draw:
    """One token drawn, and its log-probability at temperature 1 before any restriction."""

    token: int
    logprob: float


@dataclass(frozen=True)
class Choice:
    """The sampling part of a request."""

    temperature: float
    top_p: float
    top_k: int

    def candidates(self, logits: npt.NDArray[np.float32], grammar: Grammar | None) -> Candidates:
        """The top-k tokens that the grammar allows. `logits`: float32 (vocabulary,)."""
        best = float(logits.max())
        near = np.flatnonzero(logits > best - _REACH * max(1.0, self.temperature))
        values = logits[near]
        total = best + math.log(float(np.exp(values - best).sum()))
        count = self.top_k or _UNLIMITED
        tokens, values = _top(near, values, count)
        if grammar is not None:
            tokens, values = _valid(logits, tokens, values, grammar, count)
        return Candidates(tokens, values, total)

    def draw(self, candidates: Candidates, dice: random.Random) -> Draw:
        """One of the candidates."""
        index = 0 if self.temperature <= 0 else self._pick(candidates.logits, dice)
        return Draw(int(candidates.tokens[index]), float(candidates.logits[index]) - candidates.total)

    def _pick(self, values: npt.NDArray[np.float32], dice: random.Random) -> int:
        """Index into `values`, which are in falling order."""
        if self.top_p < 1:
            weights = np.exp(values - values[0])
            mass = np.cumsum(weights)
            values = values[: int(np.searchsorted(mass, self.top_p * mass[-1])) + 1]
        mass = np.cumsum(np.exp((values - values[0]).astype(np.float64) / self.temperature))
        return min(int(np.searchsorted(mass, dice.random() * mass[-1], side="right")), len(values) - 1)


def _top(
    tokens: npt.NDArray[np.intp], values: npt.NDArray[np.float32], count: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float32]]:
    """The `count` greatest, in falling order; ties by token, so that equal logits draw equally."""
    if len(values) > count:
        part = np.argpartition(-values, count - 1)[:count]
        tokens, values = tokens[part], values[part]
    order = np.lexsort((tokens, -values))
    return tokens[order], values[order]


def _valid(
    logits: npt.NDArray[np.float32],
    tokens: npt.NDArray[np.intp],
    values: npt.NDArray[np.float32],
    grammar: Grammar,
    count: int,
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float32]]:
    """Those of the top that the grammar allows; where it allows none, the first it allows further down.

    Asking the grammar about a whole vocabulary takes tens of milliseconds, about the top forty a few
    microseconds, and one of these is nearly always allowed.
    """
    allowed = grammar.allowed(tokens.astype(np.int32))
    if allowed.any():
        return tokens[allowed], values[allowed]
    for width in (2_000, len(logits)):
        wide = np.arange(len(logits)) if width >= len(logits) else np.argpartition(-logits, width)[:width]
        allowed = grammar.allowed(wide.astype(np.int32))
        if allowed.any():
            wide = wide[allowed]
            return _top(wide, logits[wide], count)
    return tokens[:0], values[:0]

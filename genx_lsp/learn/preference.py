"""Learning from what was dismissed: of two answers to one prompt, the one that was taken is made likelier.

Direct preference optimisation (DPO: Rafailov et al. 2023, arXiv 2305.18290, equation 7), with the
log-likelihood of good answers beside it (Pang et al. 2024, arXiv 2404.19733, section 2), which here is the
loss of `losses.backward`: alone, DPO may make both answers less likely. The reference is the model without
its adapter.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from genx_lsp.learn.losses import Plan, Tokenised, in_parts, nats, sum_of_nats

FEWEST_PAIRS = 16
"""Fewer pairs to train on, and what was dismissed is left out: a handful says more of the functions it is
about than of the person, and the loss is soon driven to nothing."""
BETA = 0.1
"""How far the model may go from what it was: the value of the paper's experiments."""


@dataclass(frozen=True)
class Pair:
    """Two answers to the same prompt."""

    taken: Tokenised
    dismissed: Tokenised


@dataclass(frozen=True)
class Referred:
    """A pair, and how much likelier the model alone finds the answer that was taken, in nats."""

    pair: Pair
    margin: float


def referred(model: Any, pairs: Sequence[Pair], device: Any) -> tuple[Referred, ...]:
    """Pairs with what the model without its adapter makes of them: worked out once, for it never changes."""
    with model.disable_adapter():
        taken = sum_of_nats(model, [p.taken for p in pairs], device)
        dismissed = sum_of_nats(model, [p.dismissed for p in pairs], device)
    return tuple(Referred(p, d - t) for p, t, d in zip(pairs, taken, dismissed, strict=True))


def pairs_drawn(pairs: Sequence[Referred], plan: Plan, step: int) -> list[Referred]:
    """The step's pairs, half as many as it has examples: each is two sequences."""
    dice = random.Random(f"{plan.seed}:{step}:pairs")
    return dice.choices(pairs, k=max(1, plan.batch // 2))


def preference_backward(
    model: Any, mine: Sequence[Referred], count: int, micro: int, device: Any, weights: Sequence[Any]
) -> tuple[float, int]:
    """Gradients of the mean loss of `count` pairs, of which `mine` is a part. `micro`: sequences at once."""
    at_once = max(1, micro // 2)
    loss, fitting = in_parts(
        mine, at_once, lambda part: preference_loss(model, part, device).sum() / count, weights
    )
    return loss, micro if fitting == at_once else 2 * fitting


def preference_loss(model: Any, part: Sequence[Referred], device: Any) -> Any:
    """-log sigmoid(beta * (margin - margin of the reference)) of each pair: float (len(part),)."""
    import torch

    both = nats(model, [*(r.pair.taken for r in part), *(r.pair.dismissed for r in part)], device)
    taken, dismissed = both[: len(part)], both[len(part) :]
    before = torch.tensor([r.margin for r in part], device=both.device)
    return -torch.nn.functional.logsigmoid(BETA * (dismissed - taken - before))


def preferred(model: Any, pairs: Sequence[Pair], device: Any) -> list[bool]:
    """Of which pairs the model finds the answer that was taken likelier, a token."""
    taken = sum_of_nats(model, [p.taken for p in pairs], device)
    dismissed = sum_of_nats(model, [p.dismissed for p in pairs], device)
    return [
        t / p.taken.counted < d / p.dismissed.counted for p, t, d in zip(pairs, taken, dismissed, strict=True)
    ]

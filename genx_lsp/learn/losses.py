"""What a training step computes: its batch, its pace, and the loss on the answers' tokens alone."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from genx_lsp.learn.folders import LearnError

_WARM_UP = 0.1


@dataclass(frozen=True)
class Tokenised:
    """One example as tokens: loss counts from `start` on."""

    tokens: tuple[int, ...]
    start: int
    weight: float = 1.0
    probe_end: int = 0
    """Where the answer proper ends, before an end token: what both runtimes are compared on."""


@dataclass(frozen=True)
class Plan:
    """How one role is trained."""

    steps: int
    batch: int = 4
    block: int = 10
    """Steps between two checkpoints."""
    rank: int = 8
    alpha: int = 16
    learning_rate: float = 2e-4
    seed: int = 0


def pace(step: int, steps: int) -> float:
    """Share of the learning rate: a short warm-up, then down in a straight line to a tenth."""
    warm = max(1, round(steps * _WARM_UP))
    if step < warm:
        return (step + 1) / warm
    return 1.0 - 0.9 * (step - warm) / max(1, steps - warm)


def drawn(examples: Sequence[Tokenised], plan: Plan, step: int) -> list[Tokenised]:
    """The step's batch: the same whether the run was interrupted before it or not."""
    dice = random.Random(f"{plan.seed}:{step}")
    return dice.choices(examples, [e.weight for e in examples], k=plan.batch)


def backward(model: Any, batch: list[Tokenised], micro: int, device: str) -> tuple[float, int]:
    """Gradients of a batch, in parts that fit; a part that does not fit the GPU is halved."""
    import torch

    total, at = 0.0, 0
    while at < len(batch):
        part = batch[at : at + micro]
        try:
            loss = forward(model, part, device) * len(part) / len(batch)
            loss.backward()
        except torch.OutOfMemoryError as error:
            if micro == 1:
                raise LearnError(
                    "The GPU's memory does not hold a single example; name a smaller model."
                ) from error
            micro //= 2
            torch.cuda.empty_cache()
            continue
        total += float(loss.detach())
        at += len(part)
    return total, micro


def forward(model: Any, part: Sequence[Tokenised], device: str) -> Any:
    """Mean loss a token of the answers."""
    import torch

    length = max(len(s.tokens) for s in part)
    ids = torch.zeros((len(part), length), dtype=torch.long)
    labels = torch.full((len(part), length), -100, dtype=torch.long)
    mask = torch.zeros((len(part), length), dtype=torch.long)
    for row, one in enumerate(part):
        tokens = torch.tensor(one.tokens)
        ids[row, : len(tokens)] = tokens
        mask[row, : len(tokens)] = 1
        labels[row, one.start : len(tokens)] = tokens[one.start :]
    # Only positions that predict an answer's token need logits: a vocabulary of 150,000 is most of the cost.
    first = max(1, min(one.start for one in part))
    logits = model(
        input_ids=ids.to(device), attention_mask=mask.to(device), logits_to_keep=length - first + 1
    ).logits
    return torch.nn.functional.cross_entropy(
        logits[:, :-1].float().flatten(0, 1), labels[:, first:].to(device).flatten(), ignore_index=-100
    )


def mean_loss(model: Any, sequences: Sequence[Tokenised], device: str) -> float:
    """Mean nats a token over all answers; 0 where there are none."""
    import torch

    was_training = model.training
    model.eval()
    total = count = 0.0
    with torch.no_grad():
        for one in sequences:
            tokens = len(one.tokens) - one.start
            total += float(forward(model, [one], device)) * tokens
            count += tokens
    model.train(was_training)
    return total / count if count else 0.0

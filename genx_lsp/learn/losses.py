"""What a training step computes: its batch, its pace, and the loss on the answers' tokens alone."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from genx_lsp.learn.folders import LearnError

_WARM_UP = 0.1
_T = TypeVar("_T")


@dataclass(frozen=True)
class Tokenised:
    """One example as tokens: loss counts from `start` on."""

    tokens: tuple[int, ...]
    start: int
    weight: float = 1.0
    probe_end: int = 0
    """Where the answer proper ends, before an end token: what both runtimes are compared on."""

    @property
    def counted(self) -> int:
        """Tokens of the answer."""
        return len(self.tokens) - self.start


@dataclass(frozen=True)
class Plan:
    """How one role is trained."""

    steps: int
    batch: int = 4
    block: int = 10
    """Steps between two looks at the held-out loss."""
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


def in_parts(
    items: Sequence[_T], micro: int, loss_of: Callable[[Sequence[_T]], Any], weights: Sequence[Any]
) -> tuple[float, int]:
    """Gradients of the sum of `loss_of` over parts of at most `micro` items; the loss and the `micro` used.

    Where memory runs out all of it is done again in parts half as large. What `weights` have of gradients is
    put back before, as a backward pass that broke off leaves part of its own. Raises `LearnError` where one
    item is too many.
    """
    import torch

    before = [weight.grad.clone() if weight.grad is not None else None for weight in weights]
    while True:
        total = 0.0
        try:
            for at in range(0, len(items), micro):
                loss = loss_of(items[at : at + micro])
                loss.backward()
                total += float(loss.detach())
        except (torch.OutOfMemoryError, RuntimeError) as error:
            if not _out_of_memory(error):
                raise
        else:
            return total, micro
        # Only here, where the exception and the tensors its frames hold are gone, can they be freed.
        loss = None
        for weight, gradient in zip(weights, before, strict=True):
            weight.grad = gradient.clone() if gradient is not None else None
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        micro = min(micro, len(items)) // 2
        if micro == 0:
            raise LearnError(
                "There is not enough memory, on the GPU where there is one, to train on a single example; "
                "name a smaller model with `--model`."
            )


def _out_of_memory(error: Exception) -> bool:
    """Torch has a class for it on a GPU; on the processor it is a `RuntimeError` of its allocator."""
    import torch

    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)


def backward(
    model: Any, mine: Sequence[Tokenised], counted: int, micro: int, device: Any, weights: Sequence[Any]
) -> tuple[float, int]:
    """Gradients of the mean loss a token of a batch of which `mine` is a part, and whose answers have
    `counted` tokens.

    Neither the size of the parts nor the number of processes that share a batch changes what comes of it.
    """
    return in_parts(mine, micro, lambda part: nats(model, part, device).sum() / counted, weights)


def nats(model: Any, part: Sequence[Tokenised], device: Any) -> Any:
    """What each answer costs, summed over its tokens: float (len(part),), negative log-likelihoods."""
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
    each = torch.nn.functional.cross_entropy(
        logits[:, :-1].float().flatten(0, 1),
        labels[:, first:].to(device).flatten(),
        ignore_index=-100,
        reduction="none",
    )
    return each.view(len(part), -1).sum(dim=1)


def sum_of_nats(model: Any, sequences: Sequence[Tokenised], device: Any) -> list[float]:
    """What each answer costs, without gradients."""
    import torch

    was_training = model.training
    model.eval()
    with torch.no_grad():
        found = [float(nats(model, [one], device)[0]) for one in sequences]
    model.train(was_training)
    return found


def mean_loss(model: Any, sequences: Sequence[Tokenised], device: Any) -> float:
    """Mean nats a token over all answers; 0 where there are none."""
    counted = sum(one.counted for one in sequences)
    return sum(sum_of_nats(model, sequences, device)) / counted if counted else 0.0

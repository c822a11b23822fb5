"""What a training step computes: its batch, its pace, and the loss on the answers' tokens alone."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from genx_lsp.learn.folders import LearnError
from genx_lsp.learn.packing import by_prompt, pack

_WARM_UP = 0.1
MOST_ANSWERS = 4
"""Answers to one prompt that are learnt from in one step."""
MOST_TOKENS = 320
"""... and their tokens together: each takes the logits of a whole vocabulary."""
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

    @property
    def prompt(self) -> tuple[int, ...]:
        """What the answer is to."""
        return self.tokens[: self.start]


@dataclass(frozen=True)
class Plan:
    """How one role is trained."""

    steps: int
    batch: int = 4
    """Prompts a step, each with up to `MOST_ANSWERS` of its answers."""
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
    """The step's batch: the same whether the run was interrupted before it or not.

    `plan.batch` examples, and after each what else there is to the same prompt: the prompt is read once for
    all of them (`packing`), so that they cost little more.
    """
    dice = random.Random(f"{plan.seed}:{step}")
    leads = dice.choices(examples, [e.weight for e in examples], k=plan.batch)
    batch: list[Tokenised] = []
    for lead in leads:
        # Weighted and without putting back (Efraimidis and Spirakis 2006): the greatest u ** (1 / weight).
        others = [
            (dice.random() ** (1 / e.weight), e)
            for e in examples
            if e is not lead and e.prompt == lead.prompt
        ]
        batch.append(lead)
        room = MOST_TOKENS - lead.counted
        for _, other in sorted(others, key=lambda pair: -pair[0])[: MOST_ANSWERS - 1]:
            if other.counted <= room:
                batch.append(other)
                room -= other.counted
    return batch


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

    packed = pack(part)
    # Only places that predict an answer's token need logits: a vocabulary of 150,000 is most of the cost.
    logits = model(
        input_ids=packed.ids.to(device),
        position_ids=packed.positions.to(device),
        attention_mask=packed.mask.to(device),
        logits_to_keep=packed.kept,
    ).logits
    each = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1)[packed.before.to(device)].float(), packed.labels.to(device), reduction="none"
    )
    return torch.zeros(len(part), device=each.device).index_add(0, packed.owner.to(device), each)


def sum_of_nats(model: Any, sequences: Sequence[Tokenised], device: Any) -> list[float]:
    """What each answer costs, without gradients."""
    import torch

    was_training = model.training
    model.eval()
    found = [0.0] * len(sequences)
    with torch.no_grad():
        for group in by_prompt(sequences):
            for at in range(0, len(group), MOST_ANSWERS):
                indices = group[at : at + MOST_ANSWERS]
                for index, value in zip(
                    indices, nats(model, [sequences[i] for i in indices], device), strict=True
                ):
                    found[index] = float(value)
    model.train(was_training)
    return found


def mean_loss(model: Any, sequences: Sequence[Tokenised], device: Any) -> float:
    """Mean nats a token over all answers; 0 where there are none."""
    counted = sum(one.counted for one in sequences)
    return sum(sum_of_nats(model, sequences, device)) / counted if counted else 0.0

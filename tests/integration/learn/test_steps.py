"""One training step, on a small random model: what it adds up to, and where memory runs out."""

from __future__ import annotations

import math
from typing import Any

import pytest

from genx_lsp.learn.folders import LearnError
from genx_lsp.learn.losses import Tokenised, backward, sum_of_nats
from genx_lsp.learn.preference import BETA, Pair, preference_backward, preference_loss, preferred, referred

pytestmark = [pytest.mark.usefixtures("finetune_extra"), pytest.mark.timeout(300)]

BATCH = [
    Tokenised((5, 6, 7, 8, 9), 2),
    Tokenised((3, 1, 4, 1, 5, 9, 2, 6), 4),
    Tokenised((11, 12, 13), 1),
    Tokenised((20, 21, 22, 23, 24, 25), 5),
]
COUNTED = sum(one.counted for one in BATCH)
PAIRS = [Pair(BATCH[0], Tokenised((5, 6, 30, 31), 2)), Pair(BATCH[2], Tokenised((11, 40, 41, 42), 1))]


@pytest.fixture
def model() -> Any:
    """Two blocks of a Llama with an adapter that already does something."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(3)
    config = LlamaConfig(
        vocab_size=64,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
    )
    lora = LoraConfig(r=4, lora_alpha=8, target_modules="all-linear", task_type="CAUSAL_LM")
    made = get_peft_model(LlamaForCausalLM(config), lora)
    for name, weight in made.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.3)
    return made


class Crowded:
    """The model where memory runs out with more than `most` sequences, at once or late in the backward."""

    def __init__(self, model: Any, most: int, *, late: bool, error: Exception) -> None:
        self._model, self._most, self._late, self._error = model, most, late, error
        self.sizes: list[int] = []

    def __call__(self, input_ids: Any, **rest: Any) -> Any:
        self.sizes.append(len(input_ids))
        if len(input_ids) > self._most and not self._late:
            raise self._error
        if len(input_ids) > self._most:
            # The first block's gradient comes last: that of the others has been added by then.
            self._hook = weights_of(self._model)[0].register_hook(self._fail)
        return self._model(input_ids=input_ids, **rest)

    def _fail(self, gradient: Any) -> None:
        self._hook.remove()
        raise self._error


def weights_of(model: Any) -> list[Any]:
    return [p for p in model.parameters() if p.requires_grad]


def taken_gradients(model: Any) -> list[Any]:
    found = [w.grad.clone() for w in weights_of(model)]
    for weight in weights_of(model):
        weight.grad = None
    return found


def same(some: list[Any], others: list[Any]) -> bool:
    import torch

    return all(torch.allclose(a, b, atol=1e-6) for a, b in zip(some, others, strict=True))


def test_the_size_of_the_parts_changes_nothing(model: Any) -> None:
    whole, _ = backward(model, BATCH, COUNTED, 4, "cpu", weights_of(model))
    expected = taken_gradients(model)
    for micro in (1, 3):
        loss, _ = backward(model, BATCH, COUNTED, micro, "cpu", weights_of(model))
        assert loss == pytest.approx(whole, abs=1e-5)
        assert same(taken_gradients(model), expected)


def test_the_loss_is_that_of_the_answers_tokens_alone(model: Any) -> None:
    import torch

    (cost,) = sum_of_nats(model, [BATCH[1]], "cpu")
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([BATCH[1].tokens])).logits[0]
    chances = torch.log_softmax(logits, dim=-1)
    assert cost == pytest.approx(
        -sum(float(chances[at - 1, BATCH[1].tokens[at]]) for at in range(4, 8)), abs=1e-4
    )


@pytest.mark.parametrize("late", [False, True])
def test_where_memory_runs_out_smaller_parts_come_to_the_same(model: Any, late: bool) -> None:
    import torch

    backward(model, BATCH, COUNTED, 4, "cpu", weights_of(model))
    expected = taken_gradients(model)
    crowded = Crowded(model, 1, late=late, error=torch.OutOfMemoryError("CUDA out of memory."))
    _, micro = backward(crowded, BATCH, COUNTED, 4, "cpu", weights_of(model))
    assert same(taken_gradients(model), expected)
    assert micro == 1
    assert crowded.sizes == [4, 2, 1, 1, 1, 1]


def test_the_processors_memory_counts_too(model: Any) -> None:
    full = RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: 8 GB.")
    _, micro = backward(
        Crowded(model, 2, late=False, error=full), BATCH, COUNTED, 4, "cpu", weights_of(model)
    )
    assert micro == 2


def test_one_example_that_does_not_fit_is_told(model: Any) -> None:
    import torch

    crowded = Crowded(model, 0, late=False, error=torch.OutOfMemoryError("CUDA out of memory."))
    with pytest.raises(LearnError, match=r"not enough memory.*--model"):
        backward(crowded, BATCH, COUNTED, 4, "cpu", weights_of(model))


def test_another_error_is_not_taken_for_memory(model: Any) -> None:
    crowded = Crowded(model, 0, late=False, error=RuntimeError("device-side assert triggered"))
    with pytest.raises(RuntimeError, match="device-side assert"):
        backward(crowded, BATCH, COUNTED, 4, "cpu", weights_of(model))
    assert crowded.sizes == [4]


def test_memory_that_runs_out_over_pairs_leaves_the_gradients_of_the_examples(model: Any) -> None:
    import torch

    known = referred(model, PAIRS, "cpu")
    backward(model, BATCH, COUNTED, 4, "cpu", weights_of(model))
    preference_backward(model, known, 2, 4, "cpu", weights_of(model))
    expected = taken_gradients(model)
    # The two answers of a pair are read in one sequence.
    crowded = Crowded(model, 1, late=True, error=torch.OutOfMemoryError("CUDA out of memory."))
    backward(model, BATCH, COUNTED, 4, "cpu", weights_of(model))
    _, micro = preference_backward(crowded, known, 2, 4, "cpu", weights_of(model))
    assert same(taken_gradients(model), expected)
    assert crowded.sizes[0] > 1
    assert micro == 2


def test_the_preference_loss_is_the_papers(model: Any) -> None:
    """-log sigmoid(beta * (log pi(w)/ref(w) - log pi(l)/ref(l))), from the four likelihoods."""
    known = referred(model, PAIRS, "cpu")
    found = preference_loss(model, known, "cpu").tolist()
    for pair, loss in zip(PAIRS, found, strict=True):
        taken, dismissed = sum_of_nats(model, [pair.taken, pair.dismissed], "cpu")
        with model.disable_adapter():
            taken_before, dismissed_before = sum_of_nats(model, [pair.taken, pair.dismissed], "cpu")
        margin = (taken_before - taken) - (dismissed_before - dismissed)
        assert loss == pytest.approx(math.log1p(math.exp(-BETA * margin)), abs=1e-5)


def test_what_was_taken_becomes_likelier_than_what_was_dismissed(model: Any) -> None:
    import torch

    known = referred(model, PAIRS, "cpu")
    optimizer = torch.optim.AdamW(weights_of(model), lr=1e-2)
    for _ in range(30):
        optimizer.zero_grad()
        preference_backward(model, known, 2, 4, "cpu", weights_of(model))
        optimizer.step()
    assert preferred(model, PAIRS, "cpu") == [True, True]

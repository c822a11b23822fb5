"""From examples to an adapter that llama.cpp serves as torch does; needs the `finetune` extra."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from genx_lsp.learn.export import compare, export
from genx_lsp.learn.lora import load
from genx_lsp.learn.losses import Plan, Tokenised, mean_loss, nats
from genx_lsp.learn.train import Material, Trained, TrainingStopped, train
from genx_lsp.learn.unquantised import unquantised
from genx_models import Text, Worker

# Loading the dequantised weights alone takes a quarter of a minute on one core.
pytestmark = [pytest.mark.usefixtures("finetune_extra"), pytest.mark.timeout(900)]

PROMPT, ANSWER = Text("assert half("), "8) == 4  # checked by hand"
PLAN = Plan(steps=6, batch=2, block=3, learning_rate=2e-3, seed=1)


@pytest.fixture(scope="module")
def exact(small_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    """llama.cpp on the weights that torch trains on, which is where adapters are checked."""
    copy = tmp_path_factory.mktemp("copy") / "unquantised.gguf"
    unquantised(small_model, copy)
    worker = Worker(copy, threads=1, context=512)
    yield worker
    worker.close()


@pytest.fixture
def example(small: Worker) -> Tokenised:
    tokens = small.tokens(PROMPT, ANSWER, 64)
    start = len(tokens.prompt)
    whole = (*tokens.prompt, *tokens.continuation)
    return Tokenised(whole, start, probe_end=len(whole))


def trained(model: Path, example: Tokenised, folder: Path, cancel: threading.Event | None = None) -> Trained:
    cancel = cancel or threading.Event()
    material = Material("test", folder, (example,), (example,), (example,))
    return train(model, [material], PLAN, lambda *_: None, cancel)["test"]


def test_llama_cpp_serves_the_exported_adapter_as_torch_does(
    exact: Worker, small_model: Path, example: Tokenised, tmp_path: Path
) -> None:
    result = trained(small_model, example, tmp_path)
    assert result.best_loss < result.first_loss / 2

    export(result.adapter, small_model, tmp_path / "adapter.gguf")
    exact.register_adapter("trained", tmp_path / "adapter.gguf")
    sides = [exact.score(PROMPT, [ANSWER], adapter=name)[0] for name in ("", "trained")]
    fidelity = compare(result.probes, [(sides[0], sides[1])])
    assert fidelity.faithful, fidelity
    assert fidelity.effect > 0.5


def test_query_and_key_rows_stand_in_llama_cpps_order(
    small: Worker, exact: Worker, small_model: Path, tmp_path: Path
) -> None:
    """Training hardly moves q and k at first, so here they are moved by chance, and far."""
    import torch
    from peft import LoraConfig, get_peft_model

    prompt = Text("def half(n: int) -> int:\n    return n // 2\n\nassert half(")
    answer = "8) == 4\nassert half(0) == 0"
    tokens = small.tokens(prompt, answer, 64)
    probe = Tokenised((*tokens.prompt, *tokens.continuation), len(tokens.prompt))
    config = LoraConfig(r=8, lora_alpha=16, target_modules=["q_proj", "k_proj"], task_type="CAUSAL_LM")
    model = get_peft_model(load(small_model), config)
    torch.manual_seed(0)
    for name, weights in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weights, std=1.0)
    with model.disable_adapter():
        without = -mean_loss(model, [probe], "cpu")
    torch_side = (without, -mean_loss(model, [probe], "cpu"))
    model.save_pretrained(str(tmp_path / "wild"), save_embedding_layers=False)

    export(tmp_path / "wild", small_model, tmp_path / "wild.gguf")
    exact.register_adapter("wild", tmp_path / "wild.gguf")
    sides = [exact.score(prompt, [answer], adapter=name)[0] for name in ("", "wild")]
    fidelity = compare([torch_side], [(sides[0], sides[1])])
    assert fidelity.effect < -1
    assert fidelity.faithful, fidelity


def test_a_training_that_was_stopped_ends_as_if_it_had_not_been(
    small_model: Path, example: Tokenised, tmp_path: Path
) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(TrainingStopped):
        trained(small_model, example, tmp_path / "stopped", cancel)
    resumed = trained(small_model, example, tmp_path / "stopped")
    straight = trained(small_model, example, tmp_path / "straight")
    assert resumed.best_loss == pytest.approx(straight.best_loss, abs=1e-4)
    assert resumed.steps == straight.steps


def test_answers_packed_behind_one_prompt_cost_what_each_costs_alone(
    small: Worker, small_model: Path
) -> None:
    import torch

    model = load(small_model)
    answers = ["8) == 4", "0) == 0\nassert half(", "-3) == -2", "7) == 3  # rounds down"]
    made = [small.tokens(PROMPT, answer, 64) for answer in answers]
    packed = [Tokenised((*t.prompt, *t.continuation), len(t.prompt)) for t in made]
    other = small.tokens(Text("def third(n):\n    return n // 3\n\nassert third("), "9) == 3", 64)
    mixed = [packed[0], Tokenised((*other.prompt, *other.continuation), len(other.prompt)), *packed[1:]]
    with torch.no_grad():
        together = nats(model, mixed, "cpu")
        alone = [float(nats(model, [one], "cpu")[0]) for one in mixed]
        plain = [-_likelihood(model, one) for one in mixed]
    assert together.tolist() == pytest.approx(alone, abs=1e-3)
    # ... and what an ordinary reading of prompt and answer gives.
    assert alone == pytest.approx(plain, abs=1e-3)


def _likelihood(model: Any, one: Tokenised) -> float:
    import torch

    ids = torch.tensor([one.tokens])
    said = torch.log_softmax(model(input_ids=ids).logits[0, :-1].float(), -1)
    return float(said.gather(1, ids[0, 1:, None])[one.start - 1 :].sum())


def test_both_roles_trained_together_end_as_each_does_alone(
    small_model: Path, example: Tokenised, tmp_path: Path
) -> None:
    other = Tokenised(example.tokens[::-1], example.start)
    both = [
        Material("code", tmp_path / "code", (other,), (other,)),
        Material("test", tmp_path / "test", (example,), (example,), (example,)),
    ]
    seen: list[tuple[int, int, str]] = []
    together = train(small_model, both, PLAN, lambda *told: seen.append(told), threading.Event())
    alone = trained(small_model, example, tmp_path / "alone")

    assert [(done, total) for done, total, _ in seen] == [(n, 12) for n in range(1, 13)]
    assert [text.split(":")[0] for _, _, text in seen] == ["code", "test"] * 6
    assert together["test"].best_loss == pytest.approx(alone.best_loss, abs=1e-4)
    assert together["code"].best_loss < together["code"].first_loss
    assert together["test"].probes[0] == pytest.approx(alone.probes[0], abs=1e-4)

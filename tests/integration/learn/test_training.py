"""From examples to an adapter that llama.cpp serves as torch does; needs the `finetune` extra."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from genx_lsp.learn.export import compare, export
from genx_lsp.learn.losses import Plan, Tokenised
from genx_lsp.learn.train import Trained, TrainingStopped, train
from genx_models import Text, Worker

pytestmark = pytest.mark.usefixtures("finetune_extra")

PROMPT, ANSWER = Text("assert half("), "8) == 4  # checked by hand"
PLAN = Plan(steps=6, batch=2, block=3, learning_rate=2e-3, seed=1)


@pytest.fixture
def example(small: Worker) -> Tokenised:
    tokens = small.tokens(PROMPT, ANSWER, 64)
    start = len(tokens.prompt)
    whole = (*tokens.prompt, *tokens.continuation)
    return Tokenised(whole, start, probe_end=len(whole))


def trained(model: Path, example: Tokenised, folder: Path, cancel: threading.Event | None = None) -> Trained:
    cancel = cancel or threading.Event()
    return train(model, [example], [example], [example], PLAN, folder, lambda *_: None, cancel)


def test_llama_cpp_serves_the_exported_adapter_as_torch_does(
    small: Worker, small_model: Path, example: Tokenised, tmp_path: Path
) -> None:
    result = trained(small_model, example, tmp_path)
    assert result.best_loss < result.first_loss / 2

    export(result.adapter, small_model, tmp_path / "adapter.gguf")
    small.register_adapter("trained", tmp_path / "adapter.gguf")
    sides = [small.score(PROMPT, [ANSWER], adapter=name)[0] for name in ("", "trained")]
    fidelity = compare(result.probes, [(sides[0], sides[1])])
    assert fidelity.faithful, fidelity
    assert fidelity.effect > 0.5


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

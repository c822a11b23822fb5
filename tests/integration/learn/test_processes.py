"""Training in one process and in several, which `accelerate launch` starts; on a tiny model."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from genx_lsp.learn.folders import LearnError
from genx_lsp.learn.launch import InProcesses
from genx_lsp.learn.losses import Plan, Tokenised
from genx_lsp.learn.preference import FEWEST_PAIRS, Pair
from genx_lsp.learn.train import Material, TrainingStopped, train

# Each process takes seconds of a core to import torch, many where the machine is busy.
pytestmark = [pytest.mark.usefixtures("finetune_extra"), pytest.mark.timeout(900)]

PLAN = Plan(steps=6, batch=2, block=3, learning_rate=2e-3, seed=1)


@pytest.fixture
def few() -> Tokenised:
    return Tokenised((5, 6, 7, 8, 9, 10, 11, 12), 3, probe_end=8)


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two blocks of a Llama with random weights, as a GGUF file."""
    import gguf
    import numpy as np

    path = tmp_path_factory.mktemp("tiny") / "tiny.gguf"
    width, wide, vocabulary, heads, kv_heads = 32, 64, 64, 4, 2
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(2)
    writer.add_context_length(128)
    writer.add_embedding_length(width)
    writer.add_feed_forward_length(wide)
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv_heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(width // heads)
    writer.add_vocab_size(vocabulary)
    dice = np.random.default_rng(0)

    def put(name: str, *shape: int) -> None:
        values = np.ones(shape) if len(shape) == 1 else dice.normal(size=shape) / 6
        writer.add_tensor(f"{name}.weight", values.astype(np.float32))

    put("token_embd", vocabulary, width)
    put("output_norm", width)
    put("output", vocabulary, width)
    kv_width = width // heads * kv_heads
    for block in ("blk.0", "blk.1"):
        for name, rows, columns in (
            ("attn_q", width, width),
            ("attn_k", kv_width, width),
            ("attn_v", kv_width, width),
            ("attn_output", width, width),
            ("ffn_gate", wide, width),
            ("ffn_up", wide, width),
            ("ffn_down", width, wide),
        ):
            put(f"{block}.{name}", rows, columns)
        put(f"{block}.attn_norm", width)
        put(f"{block}.ffn_norm", width)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_two_processes_train_as_one_does(tiny_model: Path, few: Tokenised, tmp_path: Path) -> None:
    """Each takes half of every batch and keeps the whole model; `accelerate launch` starts them."""
    plan = replace(PLAN, steps=3)
    short = Tokenised(few.tokens[:-2], few.start)

    backwards = Tokenised((*few.tokens[: few.start], *few.tokens[: few.start - 1 : -1]), few.start)
    pair = Pair(few, backwards)

    def material(name: str) -> Material:
        folder = tmp_path / name / "test"
        both = (few, short)
        return Material("test", folder, both, both, (few,), (pair,) * FEWEST_PAIRS, (pair,))

    seen: list[tuple[int, int, str]] = []
    quiet = threading.Event()
    two = InProcesses(2)(tiny_model, [material("two")], plan, lambda *told: seen.append(told), quiet)
    one = train(tiny_model, [material("one")], plan, lambda *_: None, quiet)

    assert [done for done, _, _ in seen] == [1, 2, 3]
    assert two["test"].first_loss == pytest.approx(one["test"].first_loss, abs=1e-4)
    assert two["test"].best_loss == pytest.approx(one["test"].best_loss, abs=0.02)
    assert two["test"].best_loss < two["test"].first_loss
    assert two["test"].pairs == one["test"].pairs == FEWEST_PAIRS
    assert two["test"].preferred == one["test"].preferred is not None


def test_too_few_pairs_are_left_out(tiny_model: Path, few: Tokenised, tmp_path: Path) -> None:
    pairs = (Pair(few, few),) * (FEWEST_PAIRS - 1)
    material = Material("test", tmp_path / "test", (few,), (few,), (), pairs, pairs)
    found = train(tiny_model, [material], replace(PLAN, steps=1), lambda *_: None, threading.Event())["test"]
    assert (found.pairs, found.preferred) == (0, None)


def test_processes_stop_in_order_and_go_on(tiny_model: Path, few: Tokenised, tmp_path: Path) -> None:
    material = Material("test", tmp_path / "test", (few,), (few,), (few,))
    cancel = threading.Event()
    with pytest.raises(TrainingStopped):
        endless = replace(PLAN, steps=100_000)
        InProcesses(2)(tiny_model, [material], endless, lambda *_: cancel.set(), cancel)
    assert (tmp_path / "test" / "checkpoint" / "state.json").exists()
    resumed = train(tiny_model, [material], PLAN, lambda *_: None, threading.Event())
    assert resumed["test"].steps > 0


def test_what_went_wrong_in_a_process_is_told(tmp_path: Path, few: Tokenised) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + bytes(60))
    material = Material("test", tmp_path / "test", (few,), (few,))
    with pytest.raises(LearnError, match=r"broken\.gguf cannot be loaded for training"):
        InProcesses(2)(broken, [material], PLAN, lambda *_: None, threading.Event())

"""LoRA training of one role from the dequantised GGUF weights, on the very tokens that llama.cpp reads.

Completion-only loss; seeded; a checkpoint after every block of steps, from which a killed run goes on.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import math
import os
import shutil
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genx_lsp.errors import Unavailable
from genx_lsp.learn.folders import LearnError, read_json, write_json
from genx_lsp.learn.losses import Plan, Tokenised, backward, drawn, mean_loss, pace

_NEEDED = ("torch", "transformers", "peft", "gguf", "accelerate", "datasets", "detect_secrets")
_CHECKPOINT_SECONDS = 60.0
"""Lost at most by a kill; a checkpoint of the 0.5B model is 60 MB and takes less than a second."""
_PATIENCE = 3
"""Blocks in a row without a better held-out loss after which training stops."""

Progress = Callable[[int, int, str], None]
"""Steps done, steps in all, and a word on how it goes."""


class TrainingStopped(Exception):
    """Cancelled; what was done stands in the last checkpoint."""


@dataclass(frozen=True)
class Trained:
    """What came of it."""

    adapter: Path
    """A peft adapter folder."""
    steps: int
    """Of the adapter kept: the one with the best held-out loss."""
    first_loss: float
    """Held-out, mean nats a token, before training."""
    best_loss: float
    probes: tuple[tuple[float, float], ...]
    """Mean log-probability a token of some examples, without and with the adapter."""


def missing_packages() -> tuple[str, ...]:
    """Packages of the `finetune` extra that are not installed."""
    return tuple(name for name in _NEEDED if importlib.util.find_spec(name) is None)


def require_packages() -> None:
    """Raises `Unavailable` with the command that installs what training needs."""
    missing = missing_packages()
    if missing:
        raise Unavailable(
            f"Training needs packages that are not installed ({', '.join(missing)}). "
            "`pip install 'genx-lsp[finetune]'` adds them; `--dry-run` works without."
        )


def train(
    model_file: Path,
    examples: Sequence[Tokenised],
    held_out: Sequence[Tokenised],
    probes: Sequence[Tokenised],
    plan: Plan,
    folder: Path,
    progress: Progress,
    cancel: threading.Event,
) -> Trained:
    """Train, or go on from the checkpoint in `folder`. Raises `LearnError`, `TrainingStopped`."""
    done = read_json(folder / "trained.json")
    if done is not None:
        return _unpacked(done, folder)
    import torch

    torch.manual_seed(plan.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    _recover(folder / "checkpoint")
    _recover(folder / "best")
    state = read_json(folder / "checkpoint" / "state.json")
    model = _with_lora(load(model_file), plan, folder / "checkpoint" if state else None).to(device)
    weights = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=plan.learning_rate, weight_decay=0.0)
    if state is None:
        loss = mean_loss(model, held_out, device)
        state = {"step": 0, "first": loss, "best": math.inf, "best_step": 0, "worse": 0}
    else:
        stored = torch.load(folder / "checkpoint" / "optimizer.pt", map_location=device, weights_only=True)
        optimizer.load_state_dict(stored)
    micro = plan.batch
    saved = time.monotonic()
    model.train()
    while state["step"] < plan.steps and state["worse"] < _PATIENCE:
        step = state["step"]
        for group in optimizer.param_groups:
            group["lr"] = plan.learning_rate * pace(step, plan.steps)
        optimizer.zero_grad(set_to_none=True)
        batch = drawn(examples, plan, step)
        loss, micro = backward(model, batch, micro, device)
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        state["step"] = step + 1
        progress(state["step"], plan.steps, f"loss {loss:.3f}")
        if state["step"] % plan.block == 0 or state["step"] == plan.steps:
            held = mean_loss(model, held_out, device)
            if held < state["best"]:
                state.update(best=held, best_step=state["step"], worse=0)
                _save(model, folder / "best")
            else:
                state["worse"] += 1
            progress(state["step"], plan.steps, f"loss {loss:.3f}, held out {held:.3f}")
            saved = 0.0
        if cancel.is_set() or time.monotonic() - saved > _CHECKPOINT_SECONDS:
            _checkpoint(model, optimizer, state, folder)
            saved = time.monotonic()
        if cancel.is_set():
            raise TrainingStopped
    return _finish(model_file, plan, state, probes, folder, device)


def _finish(
    model_file: Path,
    plan: Plan,
    state: dict[str, Any],
    probes: Sequence[Tokenised],
    folder: Path,
    device: str,
) -> Trained:
    """Measure the adapter that is kept, for the comparison with llama.cpp."""
    model = _with_lora(load(model_file), plan, folder / "best").to(device)
    measured = []
    for probe in probes:
        cut = Tokenised(probe.tokens[: probe.probe_end], probe.start)
        with model.disable_adapter():
            without = -mean_loss(model, [cut], device)
        measured.append((without, -mean_loss(model, [cut], device)))
    content = {
        "steps": state["best_step"], "first": state["first"], "best": state["best"], "probes": measured,
    }  # fmt: skip
    write_json(folder / "trained.json", content)
    shutil.rmtree(folder / "checkpoint", ignore_errors=True)
    return _unpacked(content, folder)


def _unpacked(content: dict[str, Any], folder: Path) -> Trained:
    return Trained(
        adapter=folder / "best",
        steps=content["steps"],
        first_loss=content["first"],
        best_loss=content["best"],
        probes=tuple((a, b) for a, b in content["probes"]),
    )


def load(model_file: Path) -> Any:
    """The model of a GGUF file for torch, dequantised to float32. Raises `LearnError`."""
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        # It draws bars and gives advice to its own developers, in the middle of our progress.
        with contextlib.redirect_stderr(io.StringIO()):
            return AutoModelForCausalLM.from_pretrained(
                str(model_file.parent), gguf_file=model_file.name, dtype=torch.float32
            )
    except (ValueError, KeyError, NotImplementedError, RuntimeError) as error:
        from transformers.integrations.ggml import GGUF_CONFIG_MAPPING

        known = ", ".join(sorted(GGUF_CONFIG_MAPPING.keys() - {"general", "ignore", "tokenizer"}))
        raise LearnError(
            f"{model_file.name} cannot be loaded for training: {error}. Architectures that can: {known}."
        ) from error


def _with_lora(model: Any, plan: Plan, stored: Path | None) -> Any:
    from peft import LoraConfig, PeftModel, get_peft_model

    # The part of `transformers` that warns is called by `peft`, not by us.
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")
    if stored is not None:
        return PeftModel.from_pretrained(model, str(stored), is_trainable=True)
    config = LoraConfig(
        r=plan.rank,
        lora_alpha=plan.alpha,
        lora_dropout=0.0,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    return get_peft_model(model, config)


def _save(model: Any, folder: Path) -> None:
    """A peft folder, replaced as a whole."""
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    model.save_pretrained(str(partial), save_embedding_layers=False)
    _swap(partial, folder)


def _checkpoint(model: Any, optimizer: Any, state: dict[str, Any], folder: Path) -> None:
    import torch

    partial = folder / "checkpoint.partial"
    shutil.rmtree(partial, ignore_errors=True)
    model.save_pretrained(str(partial), save_embedding_layers=False)
    torch.save(optimizer.state_dict(), partial / "optimizer.pt")
    write_json(partial / "state.json", state)
    _swap(partial, folder / "checkpoint")


def _swap(partial: Path, folder: Path) -> None:
    """Put a finished folder in the place of an old one. A kill in between leaves one of them whole."""
    old = folder.with_name(folder.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    with contextlib.suppress(FileNotFoundError):
        os.rename(folder, old)
    os.rename(partial, folder)
    shutil.rmtree(old, ignore_errors=True)


def _recover(folder: Path) -> None:
    """After a kill between the two renames of `_swap`: the old one is still there under its other name."""
    old = folder.with_name(folder.name + ".old")
    if old.is_dir() and not folder.exists():
        os.rename(old, folder)

"""The model of a GGUF file for torch, adapters on it, and adapters on disk that are whole or not there."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from genx_lsp.learn.folders import LearnError
from genx_lsp.learn.losses import Plan


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


def on_device(model: Any, device: Any) -> Any:
    """The model where it is to work. Raises `LearnError` where it does not fit."""
    import torch

    try:
        return model.to(device)
    except torch.OutOfMemoryError as error:
        raise LearnError(
            "The GPU's memory does not hold the model's weights in float32; name a smaller model with "
            "`--model`, or set CUDA_VISIBLE_DEVICES to nothing to train on the processor."
        ) from error


def with_adapters(model: Any, plan: Plan, stored: Mapping[str, Path | None]) -> Any:
    """The model with one adapter a name: read from its folder, or new. Each begins as it would alone."""
    import torch
    from peft import LoraConfig, PeftModel, get_peft_model

    # The part of `transformers` that warns is called by `peft`, not by us.
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")
    made: Any = None
    for name, folder in stored.items():
        torch.manual_seed(plan.seed)
        if folder is not None:
            if made is None:
                made = PeftModel.from_pretrained(model, str(folder), adapter_name=name, is_trainable=True)
            else:
                made.load_adapter(str(folder), adapter_name=name, is_trainable=True)
            continue
        config = LoraConfig(
            r=plan.rank,
            lora_alpha=plan.alpha,
            lora_dropout=0.0,
            target_modules="all-linear",
            task_type="CAUSAL_LM",
        )
        if made is None:
            made = get_peft_model(model, config, adapter_name=name)
        else:
            made.add_adapter(name, config)
    return made


def weights_of(model: Any, name: str) -> list[Any]:
    """The parameters of one adapter, in the model's order."""
    return [p for key, p in model.named_parameters() if f".{name}." in key and ".lora_" in key]


def read(model: Any, name: str, folder: Path) -> None:
    """Put what a peft folder holds in the place of an adapter's weights."""
    from peft import load_peft_weights, set_peft_model_state_dict

    set_peft_model_state_dict(model, load_peft_weights(str(folder), device="cpu"), adapter_name=name)


def save(model: Any, name: str, folder: Path) -> None:
    """Write one adapter as a peft folder, replaced as a whole."""
    with replaced(folder) as partial:
        put(model, name, partial)


def put(model: Any, name: str, folder: Path) -> None:
    """Write one adapter's files into a folder."""
    # Peft makes a folder of the adapter's name in the one that it is given.
    model.save_pretrained(str(folder), selected_adapters=[name], save_embedding_layers=False)
    inner = folder / name
    for file in inner.iterdir():
        os.replace(file, folder / file.name)
    inner.rmdir()


@contextlib.contextmanager
def replaced(folder: Path) -> Iterator[Path]:
    """An empty folder to fill, which is then put in the place of `folder`.

    A kill in between leaves one of them whole; see `recover`.
    """
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    yield partial
    old = folder.with_name(folder.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    with contextlib.suppress(FileNotFoundError):
        os.rename(folder, old)
    os.rename(partial, folder)
    shutil.rmtree(old, ignore_errors=True)


def recover(folder: Path) -> None:
    """After a kill between the two renames of `replaced`: the old one is still there under its other name."""
    old = folder.with_name(folder.name + ".old")
    if old.is_dir() and not folder.exists():
        os.rename(old, folder)

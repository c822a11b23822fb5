"""What a run takes, said before it starts: memory, disk and time, from figures measured on two cores."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from genx_lsp.learn.folders import LearnError
from genx_lsp.learn.trials import DRAWS
from genx_lsp.learn.unquantised import BYTES_A_PARAMETER

_BYTES_A_PARAMETER = 0.85
"""In a 4-bit file: 0.73 (Q4_1 of 135M) to 0.99 (Q4_K_M of 0.5B, embeddings in 8 bits)."""
_TRAINED, _DECODED = 3.2e10, 4.0e10
"""Parameters times tokens a second on two cores in float32: 135M trains 234 tok/s, 0.5B 85; 0.5B decodes 80
to 109 tok/s in batches of 8 to 32."""
_TOKENS_AN_EXAMPLE, _TOKENS_A_TEST, _TOKENS_A_PROGRAM = 350, 60, 120
_SHARE_TRAINED = 0.02
"""LoRA of rank 8 on all linear layers: 1.8 % of the weights."""
_ACTIVATIONS = 1.5e9
"""Bytes for a batch of four: activations and the logits of the answers."""


@dataclass(frozen=True)
class Estimate:
    """Bytes and seconds, roughly."""

    memory: int
    disk: int
    seconds: float

    def told(self) -> str:
        """In a sentence."""
        minutes = self.seconds / 60
        time = f"{minutes:.0f} minutes" if minutes >= 2 else f"{self.seconds:.0f} seconds"
        return (
            f"It will take about {time}, {self.memory / 1e9:.1f} GB of memory and "
            f"{self.disk / 1e6:.0f} MB of disk (on a quiet machine)."
        )


def estimate(
    model_file: Path,
    *,
    problems: int,
    held_out: int,
    samples: int,
    steps: int,
    batch: int,
    roles: int,
    rounds: int,
    processes: int = 1,
) -> Estimate:
    """From the model file's size and how much is to be done; both roles share one copy of the weights."""
    parameters = model_file.stat().st_size / _BYTES_A_PARAMETER
    cores = max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    pace = min(cores, 8) / 2
    tokens = samples * (_TOKENS_A_TEST + _TOKENS_A_PROGRAM) / 2 * roles
    decoding = (problems + 2 * DRAWS * held_out) * tokens * parameters / _DECODED
    training = steps * batch * _TOKENS_AN_EXAMPLE * parameters / _TRAINED * roles
    return Estimate(
        memory=int(parameters * 4 * 1.2 + _ACTIVATIONS) * processes,
        disk=int(
            parameters * (BYTES_A_PARAMETER + _SHARE_TRAINED * 4 * 6 * roles * rounds) + 20_000 * problems
        ),
        seconds=rounds * (decoding + training) / pace,
    )


def require_room(needed: Estimate, folder: Path) -> None:
    """Raises `LearnError` where memory or disk does not suffice."""
    free = _free_memory()
    if free is not None and free < needed.memory:
        raise LearnError(
            f"Training needs about {needed.memory / 1e9:.1f} GB of memory, and {free / 1e9:.1f} GB are free. "
            "Close other programs or name a smaller model with `--model`."
        )
    folder.mkdir(parents=True, exist_ok=True)
    left = shutil.disk_usage(folder).free
    if left < needed.disk:
        raise LearnError(
            f"The run needs about {needed.disk / 1e6:.0f} MB of disk in {folder}, and {left / 1e6:.0f} MB "
            "are free. Make room, or name another folder in GENX_LEARN_DIR."
        )


def _free_memory() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)

"""A share of `make chaos`: what can break, broken while a real server works. What holds is said there."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
ground: Any = importlib.import_module("chaos_ground")
trials: Any = importlib.import_module("chaos").TRIALS
sys.path.pop(0)

PATIENCE = 4.0
"""Machines that run this suite are busy with it."""
WITHOUT_MODEL = (
    "kill -9 of the sandbox's launcher",
    "kill -9 of the engine's process",
    "no home",
    "a locked feedback database",
    "a newer feedback database",
    "a full disk",
    "the project on a file system that falls silent",
    "fork refused with EAGAIN",
)


def held(name: str, folder: Path, model: Path) -> None:
    place = ground.Ground(folder, model, PATIENCE)
    try:
        trials[name](place)
    except ground.Cannot as why:
        pytest.skip(f"not as this user on this machine: {why}")
    finally:
        place.close()


@pytest.mark.parametrize("name", WITHOUT_MODEL)
def test_it_holds(name: str, tmp_path: Path) -> None:
    held(name, tmp_path, tmp_path / "none.gguf")

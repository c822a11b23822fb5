"""The command line as a user runs it: a process of its own, on a copy of the example shop."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "shop"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A copy of the example that may be written to."""
    ignore = shutil.ignore_patterns("__pycache__", ".*")
    return Path(shutil.copytree(EXAMPLE, tmp_path / "shop", ignore=ignore))


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """No models: what comes from examples and small changes is quick, and the same every time."""
    return {**os.environ, "GENX_MODELS_DIR": str(tmp_path / "models"), "NO_COLOR": "1"}


@pytest.fixture
def genx(shop: Path, environment: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `genx-lsp` in the shop."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "genx_lsp", *arguments],
            cwd=shop,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=150,
        )

    return run

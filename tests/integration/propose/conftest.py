from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from genx_lsp.config import Settings
from genx_lsp.discovery import find_target
from genx_lsp.project import Project
from genx_lsp.propose.context import Context
from genx_models import Store, Worker

SOURCE = '''"""Prices."""

import math


def clamp(x: int, low: int, high: int) -> int:
    """Return x limited to the range from low to high, both included."""
    if x < low:
        return low
    if x > low:
        return high
    return x
'''


@pytest.fixture(scope="session")
def small() -> Iterator[Worker]:
    """SmolLM2-135M, which `make setup` pulls."""
    worker = Worker(Store().path("smollm2-135m"), threads=1, context=1024)
    yield worker
    worker.close()


@pytest.fixture(scope="session")
def coder() -> Iterator[Worker]:
    """The default model."""
    worker = Worker(Store().path("qwen2.5-coder-0.5b"), threads=1, context=1024)
    yield worker
    worker.close()


@pytest.fixture
def context(tmp_path: Path) -> Context:
    project = Project(tmp_path, Path("python"), (tmp_path,), None)
    target = find_target(tmp_path / "prices.py", SOURCE, project, "clamp")
    return Context(target=target, project=project, settings=Settings())

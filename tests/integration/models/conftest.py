from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from genx_models import Store, Worker


@pytest.fixture(scope="session")
def small_model() -> Path:
    """SmolLM2-135M, which `make setup` pulls."""
    return Store().path("smollm2-135m")


@pytest.fixture(scope="session")
def small(small_model: Path) -> Iterator[Worker]:
    """One worker for all tests that leave it as they found it."""
    worker = Worker(small_model, threads=1, context=512)
    yield worker
    worker.close()


@pytest.fixture(scope="session")
def coder() -> Iterator[Worker]:
    """The default model."""
    worker = Worker(Store().path("qwen2.5-coder-0.5b"), threads=1, context=1024)
    yield worker
    worker.close()

"""Generators between a proposer and its model: one that only listens, one that speaks with one adapter."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

from genx_models import Completion, ModelInfo, Prompt, Request, Worker

_UNKNOWN = ModelInfo("", "", "", 0, 4096, True, True, 1, 0)


class Heard:
    """Writes down every request and answers none."""

    def __init__(self, info: ModelInfo | None = None) -> None:
        self.requests: list[Request] = []
        self._info = info or _UNKNOWN

    def info(self) -> ModelInfo:
        """The model it stands for."""
        return self._info

    def generate(self, request: Request, cancel: threading.Event | None = None) -> Iterator[Completion]:
        """Nothing."""
        self.requests.append(request)
        return iter(())

    def score(self, prompt: Prompt, continuations: list[str]) -> list[float]:
        """Nothing is likely to a model that is not there."""
        return [0.0] * len(continuations)

    def close(self) -> None:
        """There is nothing to close."""


class WithAdapter:
    """A worker with one named adapter, or with none for the empty name, whatever is in use."""

    def __init__(self, worker: Worker, adapter: str) -> None:
        self._worker = worker
        self._adapter = adapter

    def info(self) -> ModelInfo:
        """Describe the model. Raises `ModelError`."""
        return self._worker.info()

    def generate(self, request: Request, cancel: threading.Event | None = None) -> Iterator[Completion]:
        """As `Worker.generate`. Raises `ModelError`."""
        return self._worker.generate(replace(request, adapter=self._adapter), cancel)

    def score(self, prompt: Prompt, continuations: list[str]) -> list[float]:
        """As `Worker.score`. Raises `ModelError`."""
        return self._worker.score(prompt, continuations, adapter=self._adapter)

    def close(self) -> None:
        """The worker is others' to close."""

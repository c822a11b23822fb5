"""Completions kept on disk, so that a change of the engine is tried again without decoding anything.

A kept run says what the engine makes of the same samples; its seconds say nothing, and the tables say so.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

from genx_lsp.config import Settings
from genx_lsp.engine import Models
from genx_models import Completion, Generator, ModelInfo, Prompt, Request


class Kept:
    """A `Generator` that answers from `folder` what it was asked before, and asks `model` the rest."""

    def __init__(self, model: Generator, folder: Path) -> None:
        self._model = model
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def info(self) -> ModelInfo:
        return self._model.info()

    def generate(self, request: Request, cancel: threading.Event | None = None) -> Iterator[Completion]:
        """Samples are kept one by one: a request for more of them asks for the missing ones only."""
        missing = []
        for index in range(request.samples):
            file = self._file(request, index)
            if file.exists():
                yield replace(Completion(**json.loads(file.read_text())), index=index)
            else:
                missing.append(index)
        if not missing:
            return
        first = missing[0]
        rest = replace(request, samples=request.samples - first, seed=request.seed + first)
        for completion in self._model.generate(rest, cancel):
            index = first + completion.index
            if completion.finish != "cancelled":
                self._file(request, index).write_text(json.dumps(asdict(completion)))
            if index in missing:
                yield replace(completion, index=index)

    def score(self, prompt: Prompt, continuations: list[str]) -> list[float]:
        text = json.dumps([asdict(prompt), continuations], sort_keys=True)
        file = self._folder / f"{hashlib.sha256(text.encode()).hexdigest()}.json"
        if not file.exists():
            file.write_text(json.dumps(self._model.score(prompt, continuations)))
        found: list[float] = json.loads(file.read_text())
        return found

    def close(self) -> None:
        self._model.close()

    def _file(self, request: Request, index: int) -> Path:
        fields = asdict(request) | {"samples": 1, "seed": request.seed + index}
        digest = hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()
        return self._folder / f"{digest}.json"


class KeptModels(Models):
    """The models in force, each with what it said kept in `folder`."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def code_model(self, settings: Settings) -> Generator:
        return Kept(super().code_model(settings), self._folder)

    def test_model(self, settings: Settings) -> Generator:
        return Kept(super().test_model(settings), self._folder)

"""The models in force: a llama.cpp worker a file, or an endpoint, shared by every engine of the process."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from genx_lsp.config import Settings
from genx_models import Adapted, Adapters, Generator, ModelError, Store, Worker
from genx_models.adapters import Role

if TYPE_CHECKING:
    from genx_models import Endpoint


class Models:
    """Opens each model file once. Nothing is loaded before the first request to it."""

    def __init__(self) -> None:
        self._workers: dict[tuple[Path, int, int, int], Worker] = {}
        self._endpoints: dict[tuple[str, str, int], Endpoint] = {}
        self._lock = threading.Lock()

    def code_model(self, settings: Settings) -> Generator:
        """The model that writes code, with its adapter. Raises `ModelError` where there is no such file."""
        return self._adapted(settings, settings.model.code, "code")

    def test_model(self, settings: Settings) -> Generator:
        """The model that writes tests; the code model where none is named. Raises `ModelError`."""
        return self._adapted(settings, settings.model.test or settings.model.code, "test")

    def _adapted(self, settings: Settings, name: str, role: Role) -> Generator:
        """The model's worker, whose requests carry what `genx-lsp finetune` promoted for the role.

        Where an endpoint is named it serves both roles, and no local model need be there.
        """
        if settings.model.endpoint:
            return self._endpoint(settings)
        store = Store(settings.model.directory or None)
        path = store.path(name)
        served = store.quickest(name) if settings.model.requantised else path
        return Adapted(self._worker(settings, served), Adapters(path, store), role)

    def _worker(self, settings: Settings, path: Path) -> Worker:
        model = settings.model
        key = (path, model.threads, model.gpu_layers, model.context)
        with self._lock:
            if key not in self._workers:
                self._workers[key] = Worker(
                    path,
                    threads=model.threads,
                    gpu_layers=model.gpu_layers,
                    context=model.context,
                    idle_seconds=model.idle_seconds,
                )
            return self._workers[key]

    def _endpoint(self, settings: Settings) -> Endpoint:
        # Nearly nobody names one, and all that speaks HTTP would be loaded for it.
        from genx_models import Endpoint

        model = settings.model
        key = (model.endpoint, model.endpoint_model, model.context)
        with self._lock:
            if key not in self._endpoints:
                self._endpoints[key] = Endpoint(
                    model.endpoint, model=model.endpoint_model, context=model.context
                )
            return self._endpoints[key]

    def restart(self) -> None:
        """End every worker and endpoint; the next request starts a fresh one."""
        self.close()

    def close(self) -> None:
        """Unload everything and end the workers."""
        with self._lock:
            served: list[Worker | Endpoint] = [*self._workers.values(), *self._endpoints.values()]
            self._workers, self._endpoints = {}, {}
        for one in served:
            one.close()


def opened(models: Models, settings: Settings) -> tuple[Generator | None, Generator | None, tuple[str, ...]]:
    """Code model, test model, and what the user should know where one of them is missing."""
    try:
        return models.code_model(settings), models.test_model(settings), ()
    except ModelError as error:
        return None, None, (f"Working without a model, from examples and small changes only: {error}",)

"""Local models: a verified store, a llama.cpp worker process, and a batched sampler."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from genx_models.errors import (
    AdapterError,
    DownloadError,
    EndpointError,
    GrammarError,
    ModelError,
    PromptTooLong,
    RequantiseError,
    UnknownModel,
    WorkerError,
    WrongHash,
)
from genx_models.generation import (
    Chat,
    Completion,
    Finish,
    Generator,
    Infill,
    ModelInfo,
    Prompt,
    Request,
    Text,
    Tokens,
)

if TYPE_CHECKING:
    from genx_models.adapters import Adapted, Adapter, Adapters
    from genx_models.client import Worker
    from genx_models.endpoint import Endpoint
    from genx_models.registry import ModelSpec
    from genx_models.store import Store
else:
    # Whoever only speaks of models, as a server at its start, loads nothing of what fetches and runs them.
    _LATER = {
        "Adapted": "adapters",
        "Adapter": "adapters",
        "Adapters": "adapters",
        "Endpoint": "endpoint",
        "ModelSpec": "registry",
        "Store": "store",
        "Worker": "client",
    }

    def __getattr__(name: str) -> Any:
        if name not in _LATER:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
        globals()[name] = value
        return value


__all__ = [
    "Adapted",
    "Adapter",
    "AdapterError",
    "Adapters",
    "Chat",
    "Completion",
    "DownloadError",
    "Endpoint",
    "EndpointError",
    "Finish",
    "Generator",
    "GrammarError",
    "Infill",
    "ModelError",
    "ModelInfo",
    "ModelSpec",
    "Prompt",
    "PromptTooLong",
    "RequantiseError",
    "Request",
    "Store",
    "Text",
    "Tokens",
    "UnknownModel",
    "Worker",
    "WorkerError",
    "WrongHash",
]

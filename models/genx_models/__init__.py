"""Local models: a verified store, a llama.cpp worker process, and a batched sampler."""

from genx_models.adapters import Adapted, Adapter, Adapters
from genx_models.client import Worker
from genx_models.endpoint import Endpoint
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
from genx_models.registry import ModelSpec
from genx_models.store import Store

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

"""Local models: a verified store, a llama.cpp worker process, and a batched sampler."""

from genx_models.client import Worker
from genx_models.errors import (
    AdapterError,
    DownloadError,
    GrammarError,
    ModelError,
    PromptTooLong,
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
)

__all__ = [
    "AdapterError",
    "Chat",
    "Completion",
    "DownloadError",
    "Finish",
    "Generator",
    "GrammarError",
    "Infill",
    "ModelError",
    "ModelInfo",
    "Prompt",
    "PromptTooLong",
    "Request",
    "Text",
    "UnknownModel",
    "Worker",
    "WorkerError",
    "WrongHash",
]

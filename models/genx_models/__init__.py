"""Local models: a verified store, a llama.cpp worker process, and a batched sampler."""

from genx_models.errors import DownloadError, GrammarError, ModelError, UnknownModel, WorkerError, WrongHash
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
    "Request",
    "Text",
    "UnknownModel",
    "WorkerError",
    "WrongHash",
]

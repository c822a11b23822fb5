"""What can go wrong with a model.

ModelError
├── UnknownModel       neither a name in the registry nor a .gguf file
├── DownloadError      no source could be reached, or the disk is full; what came so far is kept
├── WrongHash          the bytes are not the registered ones
├── WorkerError        the llama.cpp worker could not start, crashed, or gave up after several tries
├── EndpointError      a named model endpoint that cannot be reached or does not answer as it should
├── PromptTooLong      the prompt leaves no room for an answer in the model's context
├── AdapterError       a LoRA adapter that is not there or does not fit the model
└── GrammarError       a GBNF grammar that llama.cpp refuses
"""

from __future__ import annotations


class ModelError(Exception):
    """Base of the model errors; its text is a sentence for the user."""


class UnknownModel(ModelError):
    """Neither a registered name nor a .gguf file."""


class DownloadError(ModelError):
    """No source could deliver the file."""


class WrongHash(ModelError):
    """The bytes are not the registered ones."""


class WorkerError(ModelError):
    """The llama.cpp worker cannot serve."""


class EndpointError(ModelError):
    """The model endpoint cannot serve."""


class GrammarError(ModelError):
    """llama.cpp refuses the grammar."""


class RequantiseError(ModelError):
    """No quicker copy of a model could be made; the model itself is fine."""


class PromptTooLong(ModelError):
    """The prompt leaves no room for an answer in the model's context."""


class AdapterError(ModelError):
    """A LoRA adapter that is not there or does not fit the model."""

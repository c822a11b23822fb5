"""What is asked of a model and what it answers; `Generator` is the seam that tests may fake."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol, Union


@dataclass(frozen=True)
class Text:
    """A prompt that is already in the model's own format."""

    text: str


@dataclass(frozen=True)
class Chat:
    """A chat turn, formatted by the model's own template; the answer starts with `prefill`."""

    user: str
    system: str = ""
    prefill: str = ""


@dataclass(frozen=True)
class Infill:
    """Fill in the middle. Only for models whose vocabulary has FIM tokens (`ModelInfo.can_infill`)."""

    prefix: str
    suffix: str


Prompt = Union[Text, Chat, Infill]


@dataclass(frozen=True)
class Request:
    """One prompt, N samples, decoded together in one batch."""

    prompt: Prompt
    samples: int = 1
    max_tokens: int = 128
    """Per sample."""
    temperature: float = 0.8
    """0 decodes greedily."""
    top_p: float = 0.95
    top_k: int = 40
    seed: int = 0
    """Sample i draws from seed + i: the same request gives the same samples."""
    seeds: tuple[int, ...] = ()
    """One a sample, in place of `seed`: what several requests would draw, drawn in one."""
    stop: tuple[str, ...] = ()
    """A sample ends before the first of these."""
    grammar: str = ""
    """GBNF, root rule `root`; empty for none."""
    adapter: str = ""
    """Name of a loaded LoRA adapter; empty for the base model."""

    def seed_of(self, index: int) -> int:
        """What sample `index` draws from."""
        return self.seeds[index] if self.seeds else self.seed + index


Finish = Literal["end", "stop", "length", "cancelled"]


@dataclass(frozen=True)
class Completion:
    """One finished sample."""

    index: int
    text: str
    """Without the prompt, the prefill and the stop string."""
    finish: Finish
    tokens: int = 0
    logprob: float = 0.0
    """Mean log-probability a token under the model at temperature 1, before grammar and truncation."""


@dataclass(frozen=True)
class ModelInfo:
    """What the loaded file says of itself."""

    path: str
    name: str
    architecture: str
    parameters: int
    context: int
    """Tokens a sequence may hold."""
    can_infill: bool
    has_chat_template: bool
    threads: int
    gpu_layers: int


@dataclass(frozen=True)
class Tokens:
    """A prompt and its answer as the model reads them."""

    prompt: tuple[int, ...]
    continuation: tuple[int, ...]
    end: int
    """The token that ends an answer, or -1."""


class Generator(Protocol):
    """A source of completions. `genx_models.Worker` is the real one."""

    def info(self) -> ModelInfo:
        """Load the model if need be, and describe it. Raises `ModelError`."""

    def generate(self, request: Request, cancel: threading.Event | None = None) -> Iterator[Completion]:
        """Yield each sample as it ends, in the order in which they end. Raises `ModelError`.

        `cancel` is looked at between two decode steps; samples under way then end as `cancelled`
        and are not yielded.
        """

    def score(self, prompt: Prompt, continuations: list[str]) -> list[float]:
        """Mean log-probability a token of each continuation after the prompt. Raises `ModelError`."""

    def close(self) -> None:
        """Unload and end the worker."""

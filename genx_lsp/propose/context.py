"""What every generator of candidates gets to see, and the two shapes they all have."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from genx_lsp.candidate import CodeCandidate, TestCandidate
from genx_lsp.config import Settings
from genx_lsp.project import Project
from genx_lsp.target import Target
from genx_models import Generator


@dataclass(frozen=True)
class Context:
    """One target and what is known about it at this moment. Generators read it and change nothing."""

    target: Target
    project: Project
    settings: Settings
    tests_text: Mapping[str, str] = field(default_factory=dict)
    """Sources of the project's test files that name the target, by path."""
    code_model: Generator | None = None
    test_model: Generator | None = None
    suspicion: Mapping[int, float] = field(default_factory=dict)
    """Suspiciousness in [0, 1] of 1-based module lines (Ochiai); empty while nothing fails."""
    counter_examples: tuple[str, ...] = ()
    """Sentences about calls on which the saved code is wrong, for rewrite prompts."""
    known_calls: tuple[str, ...] = ()
    """Call expressions already proposed, so that none is made twice."""
    seed: int = 0
    cancel: threading.Event = field(default_factory=threading.Event)


class ProposeTests(Protocol):
    """A generator of test candidates: `propose(context)` in doctest, user_tests, boundary, model_tests."""

    def __call__(self, context: Context) -> Iterator[TestCandidate]:
        """Yield candidates, best first; stop soon after `context.cancel` is set."""


class ProposeCode(Protocol):
    """A generator of code candidates: `propose(context)` in mutate, infill, rewrite."""

    def __call__(self, context: Context) -> Iterator[CodeCandidate]:
        """Yield candidates, best first; stop soon after `context.cancel` is set."""

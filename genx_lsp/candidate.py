"""Candidates: programs and tests that nobody has judged yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from genx_sandbox import Expectation, Unknown


class CodeOrigin(str, Enum):
    """Where a code candidate comes from."""

    ORIGINAL = "original"
    MUTATE = "mutate"
    INFILL = "infill"
    REWRITE = "rewrite"


class TestOrigin(str, Enum):
    """Where a test candidate comes from."""

    __test__ = False
    DOCSTRING = "docstring"
    """An example in the docstring: a specification."""
    USER_TEST = "user test"
    """The project's own test: a specification."""
    BOUNDARY = "boundary"
    """Input from types, defaults and literals; no expectation of its own."""
    MODEL = "model"
    """Written by the test model, with or without an expectation."""
    ACCEPTED = "accepted"
    """A suggestion the user took before."""


@dataclass(frozen=True)
class CodeCandidate:
    """A full replacement source of the target.

    `key` identifies it by normalised AST: candidates with equal keys behave equally. `weight` counts
    how many samples gave it.
    """

    key: str
    source: str
    """The definition, at the file's own indentation, decorators included, ending in a newline."""
    origin: CodeOrigin
    note: str = ""
    """What was changed, in a few words: "`<` to `<=` in line 12"."""
    logprob: float = 0.0
    """Mean log-probability a token, for model-written ones."""
    weight: float = 1.0


@dataclass(frozen=True)
class CallTest:
    """A call with an expectation, run in the values grade."""

    key: str
    """Identifies the call and the expectation; equal keys are one test."""
    expression: str
    expectation: Expectation = field(default_factory=Unknown)
    origin: TestOrigin = TestOrigin.BOUNDARY
    trusted: bool = False
    """A known-good vote: docstring example, passing user test, accepted suggestion."""
    expected_text: str = ""
    """The right-hand side as source, where the expectation came with one. With `Unknown` it is still to be
    evaluated, in a child of its own that runs no candidate."""
    setup: str = ""
    """Statements run first, in a scratch namespace over the module's."""
    weight: float = 1.0

    __test__ = False


@dataclass(frozen=True)
class ItemTest:
    """A pytest item of the project's own, run in the items grade."""

    key: str
    path: Path
    source: str
    """The whole test file."""
    node_id: str
    """`test_a` or `TestB::test_c`."""
    calls: tuple[str, ...] = ()
    """Keys of the call tests that are part of it: where one of these fails, so does it."""
    origin: TestOrigin = TestOrigin.USER_TEST
    trusted: bool = True

    __test__ = False


TestCandidate = CallTest | ItemTest

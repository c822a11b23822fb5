"""What comes out of the sandbox. A child reports what happened; it never says whether it was right."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Literal

from genx_sandbox.errors import ProtocolError
from genx_sandbox.values import Value, decode

EARLY = "raised before the call was made"
"""`Outcome.detail` of an exception that the statements before the call raised."""
_ADDRESS = re.compile(r"0x[0-9a-fA-F]+")


class Grade(str, Enum):
    """How a test is executed, best first: who decides, and whether a candidate could forge it."""

    VALUES = "values"
    SPLIT = "split"
    ITEMS = "items"


class Level(str, Enum):
    """How strong the jail in force is, as its own behavioural self-test found it."""

    FULL = "full"
    REDUCED = "reduced"
    DEGRADED = "degraded"
    NONE = "none"


@dataclass(frozen=True)
class Raised:
    """An exception that left a call. Type names are `module.qualname`."""

    type_name: str
    bases: tuple[str, ...] = ()
    """Its `__mro__` without itself and `object`."""
    message: str = ""


OutcomeKind = Literal["value", "exception", "timeout", "crash", "refused"]


@dataclass(frozen=True)
class Outcome:
    """What one program did on one call.

    timeout: the parent's deadline passed. crash: the child died (signal, `os._exit`, memory).
    refused: the call was not made, and `detail` says why (the module did not load, bad syntax).
    exception: `detail` is `EARLY` where what was to run before the call raised it.
    """

    kind: OutcomeKind
    value: Value | None = None
    raised: Raised | None = None
    arguments_after: tuple[Value, ...] | None = None
    """Arguments as they were left, positional then keyword, where any of them changed; else None."""
    detail: str = ""
    seconds: float = field(default=0.0, compare=False)
    lines: frozenset[int] = field(default=frozenset(), compare=False)
    """1-based lines of the module that ran, for programs with probes."""
    before: object = field(default=None, compare=False, repr=False)
    """What the fork said the arguments were, undecoded: most of it is never looked at."""

    @cached_property
    def arguments_before(self) -> tuple[Value, ...] | None:
        """Arguments as they were given, where any could be changed and all could be looked at; else None."""
        if not isinstance(self.before, list):
            return None
        try:
            return tuple(decode(node) for node in self.before)
        except ProtocolError:
            return None

    @property
    def early(self) -> bool:
        """The exception came from the statements before the call, which was not made."""
        return self.kind == "exception" and self.detail == EARLY

    @cached_property
    def key(self) -> str:
        """Outcomes with equal keys behaved equally; memory addresses in messages do not count."""
        raised = self.raised
        said = (raised.type_name, _ADDRESS.sub("0x", raised.message)) if raised else None
        seen = (self.kind, self.value, said, self.arguments_after, *([EARLY] if self.early else ()))
        return hashlib.blake2b(repr(seen).encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


@dataclass(frozen=True)
class ProgramResult:
    """One program's outcomes, in the order of the calls asked for."""

    program_key: str
    outcomes: tuple[Outcome, ...]
    load_error: str = ""
    """Why the module could not be loaded, as one line; the outcomes are then all `refused`."""


@dataclass(frozen=True)
class ItemResult:
    """One pytest item, as the fork reported it (advisory: see `Grade.ITEMS`)."""

    node_id: str
    outcome: Literal["passed", "failed", "skipped", "error", "timeout", "crash", "refused"]
    detail: str = ""
    """The short failure text."""
    seconds: float = 0.0
    grade: Grade = Grade.ITEMS
    """How it was executed, and so whether a program could have forged it."""


@dataclass(frozen=True)
class ItemsResult:
    """One program against one pytest file."""

    program_key: str
    items: tuple[ItemResult, ...]
    error: str = ""
    """Why nothing could be collected, as one line; empty otherwise."""

    @property
    def passed(self) -> bool:
        """Something ran, and all that ran passed."""
        return not self.error and bool(self.items) and all(i.outcome == "passed" for i in self.items)

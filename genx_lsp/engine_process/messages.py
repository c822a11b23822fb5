"""How a session and the process of its engine talk: an 8-byte big-endian length, then a pickle of that size.

    session -> process   Ask, Expect, Cancel, Answer, Rest, Ping
    process -> session   Hello once, then Told, Viewed, Wanted, Ended, Pong

Both ends are ours and the pipes are theirs alone: code under test runs in processes that hold neither, and
what it returns arrives here as data that the sandbox has decoded.
"""

from __future__ import annotations

import pickle
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, TypeAlias

from genx_lsp.candidate import CallTest
from genx_lsp.config import Settings
from genx_lsp.engine_process.engines import Want
from genx_lsp.findings import Findings, MatrixView
from genx_lsp.project import Project
from genx_lsp.target import Target

_HEADER = struct.Struct(">Q")
_LARGEST = 1 << 30


@dataclass(frozen=True)
class Work:
    """Find tests and fixes; answered by Told, again and again."""

    target: Target
    want: Want


@dataclass(frozen=True)
class Check:
    """Run tests on the code as it stands; answered by Viewed."""

    target: Target
    tests: tuple[CallTest, ...]


@dataclass(frozen=True)
class Prepare:
    """Start what work on this file will need."""

    path: Path


@dataclass(frozen=True)
class Ask:
    """Something to do with the engine of a project. One at a time; Ended ends it."""

    number: int
    project: Project
    path: Path
    settings: Settings
    what: Work | Check | Prepare


@dataclass(frozen=True)
class Expect:
    """A job on this file may come: start what it will need, beside what is being done. Not answered."""

    project: Project
    path: Path
    settings: Settings


@dataclass(frozen=True)
class Rest:
    """Let go of what is only needed at work."""


@dataclass(frozen=True)
class Cancel:
    """Stop what was asked under this number."""

    number: int


@dataclass(frozen=True)
class Answer:
    """The tests that the user took of the function that was wanted."""

    tests: tuple[CallTest, ...]


@dataclass(frozen=True)
class Ping:
    """Give a sign of life."""


@dataclass(frozen=True)
class Hello:
    """The process is ready, and of this version of GenX."""

    version: str


@dataclass(frozen=True)
class Told:
    """Findings, without the text of the module, which whoever asked has."""

    number: int
    findings: Findings


@dataclass(frozen=True)
class Viewed:
    """What became of the tests."""

    number: int
    view: MatrixView


@dataclass(frozen=True)
class Wanted:
    """Which tests of this function the user took before; waits for Answer."""

    number: int
    target: Target


@dataclass(frozen=True)
class Ended:
    """Nothing more comes of it. `failure`: cancelled, an error meant for the user, or a fault of ours."""

    number: int
    failure: Literal["", "cancelled", "known", "fault"] = ""
    text: str = ""
    """The error as a sentence; of a fault the traceback."""


@dataclass(frozen=True)
class Pong:
    """A sign of life."""


Request: TypeAlias = Ask | Expect | Rest | Cancel | Answer | Ping
Reply: TypeAlias = Hello | Told | Viewed | Wanted | Ended | Pong


class BrokenMessage(Exception):
    """The stream ended inside a message, or holds something else."""


def write(stream: IO[bytes], message: Request | Reply) -> None:
    """Write one message and flush. Raises `OSError` if nobody reads."""
    data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    stream.write(_HEADER.pack(len(data)) + data)
    stream.flush()


def read(stream: IO[bytes]) -> object | None:
    """The next message, or None at the end of the stream. Raises `BrokenMessage`."""
    header = stream.read(_HEADER.size)
    if not header:
        return None
    if len(header) < _HEADER.size:
        raise BrokenMessage("the stream ended inside a header")
    (length,) = _HEADER.unpack(header)
    if length > _LARGEST:
        raise BrokenMessage(f"a message of {length} bytes")
    data = stream.read(length)
    if len(data) < length:
        raise BrokenMessage("the stream ended inside a message")
    try:
        message: object = pickle.loads(data)
    except Exception as error:
        # Unpickling raises whatever it meets: the other end has another version of our classes.
        raise BrokenMessage(f"a message that cannot be read: {error}") from error
    return message

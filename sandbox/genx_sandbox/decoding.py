"""From a fork's words to `Outcome`. Everything read here was written by code nobody trusts."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from genx_sandbox.canonical import is_type_name
from genx_sandbox.errors import ProtocolError
from genx_sandbox.guest.wire import OUTCOME
from genx_sandbox.outcomes import EARLY, Outcome, Raised
from genx_sandbox.values import decode

_NAMELESS = "builtins.<an exception with a name that no source can hold>"
_loads = json.JSONDecoder().decode
# Bytes up to which an outcome is worth remembering.
_REMEMBERED = 2048


def parse_frame(body: bytes) -> dict[str, Any]:
    """One frame's JSON object. Raises ProtocolError for anything else."""
    try:
        message = _loads(body.decode("ascii"))
    except (ValueError, RecursionError) as error:
        raise ProtocolError("not JSON") from error
    if type(message) is not dict:
        raise ProtocolError("not an object")
    return message


def text_of(message: dict[str, Any], key: str) -> str:
    """A string of a frame, or an empty one."""
    value = message.get(key, "")
    if type(value) is not str:
        raise ProtocolError(f"{key} is not text")
    return value


def outcome_of(frame: bytes) -> tuple[int, Outcome]:
    """Which call, and what it came to. Raises ProtocolError if the frame does not say."""
    if len(frame) < OUTCOME.size or frame[:1] != b"O":
        raise ProtocolError("not an outcome")
    _, index, seconds = OUTCOME.unpack_from(frame)
    said = frame[OUTCOME.size :]
    known = _known(said) if len(said) <= _REMEMBERED else _outcome(said)
    outcome = object.__new__(Outcome)
    outcome.__dict__.update(known.__dict__, seconds=seconds)
    return index, outcome


def forget() -> None:
    """Let go of the outcomes that are remembered: megabytes, of use only while programs run."""
    _known.cache_clear()
    _lines.cache_clear()


@lru_cache(maxsize=1024)
def _known(said: bytes) -> Outcome:
    # Programs mostly agree: what one of them did, others did before it. Its key is then known as well.
    outcome = _outcome(said)
    assert outcome.key
    return outcome


@lru_cache(maxsize=512)
def _lines(numbers: tuple[Any, ...]) -> frozenset[int]:
    # Thousands of calls take the same few ways through a function.
    return frozenset(int(n) for n in numbers)


def _outcome(said: bytes) -> Outcome:
    message = parse_frame(said)
    try:
        kind = message["kind"]
        lines = _lines(tuple(message.get("lines", ())))
        before, after = message.get("before"), message.get("after")
        arguments = None if after is None else tuple(decode(a) for a in after)
        if kind == "value":
            return Outcome("value", decode(message["value"]), None, arguments, "", 0.0, lines, before)
        if kind == "exception":
            raised = message["raised"]
            bases = tuple(str(b) for b in raised["bases"])
            name = str(raised["type"])
            error = Raised(name if is_type_name(name) else _NAMELESS, bases, str(raised["message"]))
            early = EARLY if message.get("early") is True else ""
            return Outcome("exception", None, error, arguments, early, 0.0, lines, before)
        if kind == "refused":
            return Outcome("refused", detail=text_of(message, "detail"))
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise ProtocolError("not an outcome") from error
    raise ProtocolError("no such outcome")

"""From a fork's words to `Value` and `Outcome`. Everything read here was written by code nobody trusts."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any, get_args

from genx_sandbox.canonical import is_plain_object, is_scalar, is_type_name
from genx_sandbox.guest.wire import OUTCOME
from genx_sandbox.outcomes import Outcome, Raised
from genx_sandbox.values import Kind, Value

_KINDS = frozenset(get_args(Kind))
_DEEPEST = 128
_NAMELESS = "builtins.<an exception with a name that no source can hold>"
_loads = json.JSONDecoder().decode
# Bytes up to which an outcome is worth remembering.
_REMEMBERED = 2048


class ProtocolError(Exception):
    """The fork sent something the guest never sends: the candidate wrote to its channel."""


def parse_frame(body: bytes) -> dict[str, Any]:
    """One frame's JSON object. Raises ProtocolError for anything else."""
    try:
        message = _loads(body.decode("ascii"))
    except (ValueError, RecursionError) as error:
        raise ProtocolError("not JSON") from error
    if type(message) is not dict:
        raise ProtocolError("not an object")
    return message


def decode(node: object, depth: int = 0) -> Value:
    """A `Value` from the guest encoder's node. Raises ProtocolError if it is none."""
    if type(node) is not list or not 1 <= len(node) <= 5 or type(node[0]) is not str:
        raise ProtocolError("not a value")
    if len(node) == 2 and node[0] in _KINDS and type(node[1]) is str:
        # Scalars are most of what arrives, and programs mostly agree: each is made once.
        return _leaf(node[0], node[1])
    if node[0] not in _KINDS or depth > _DEEPEST:
        raise ProtocolError("not a value")
    kind: Any = node[0]
    size = len(node)
    scalar = node[1] if size > 1 else ""
    items = node[2] if size > 2 else ()
    type_name = node[3] if size > 3 else ""
    fields = node[4] if size > 4 else ()
    if type(scalar) is not str or type(type_name) is not str or not is_scalar(kind, scalar):
        raise ProtocolError("not a value")
    if not is_type_name(type_name) or (
        kind == "object" and scalar and not is_plain_object(type_name, scalar)
    ):
        # Seen by people, written nowhere.
        return Value("opaque", scalar, (), type_name if is_type_name(type_name) else "")
    if type(items) is str and kind in ("list", "tuple") and scalar == "int":
        # Small integers are told as one text.
        return Value(kind, "", tuple([_leaf("int", text) for text in items.split(", ")]))
    if type(items) not in (list, tuple) or type(fields) not in (list, tuple):
        raise ProtocolError("not a value")
    if any(type(f) is not str for f in fields) or not _fits(kind, type_name, len(items), len(fields)):
        raise ProtocolError("not a value")
    if not all(map(str.isidentifier, fields)):
        return Value("opaque", "an object whose fields no source can name", (), type_name)
    return Value(kind, scalar, tuple([decode(i, depth + 1) for i in items]), type_name, tuple(fields))


def _fits(kind: Kind, type_name: str, items: int, fields: int) -> bool:
    """Keys have values, fields have contents, an enum's member and a deque have one."""
    if kind == "dict" and items % 2:
        return False
    if kind == "enum" or type_name == "collections:deque":
        return items == fields == 1
    return not fields or fields == items


@lru_cache(maxsize=4096)
def _leaf(kind: Kind, scalar: str) -> Value:
    if kind == "enum" or not is_scalar(kind, scalar):
        raise ProtocolError("not a value")
    return Value(kind, scalar)


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


@lru_cache(maxsize=4096)
def _known(said: bytes) -> Outcome:
    # Programs mostly agree: what one of them did, others did before it. Its key is then known as well.
    outcome = _outcome(said)
    assert outcome.key
    return outcome


def _outcome(said: bytes) -> Outcome:
    message = parse_frame(said)
    try:
        kind = message["kind"]
        lines = frozenset(int(n) for n in message.get("lines", ()))
        before, after = message.get("before"), message.get("after")
        arguments = None if after is None else tuple(decode(a) for a in after)
        if kind == "value":
            return Outcome("value", decode(message["value"]), None, arguments, "", 0.0, lines, before)
        if kind == "exception":
            raised = message["raised"]
            bases = tuple(str(b) for b in raised["bases"])
            name = str(raised["type"])
            error = Raised(name if is_type_name(name) else _NAMELESS, bases, str(raised["message"]))
            return Outcome("exception", None, error, arguments, "", 0.0, lines, before)
        if kind == "refused":
            return Outcome("refused", detail=text_of(message, "detail"))
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise ProtocolError("not an outcome") from error
    raise ProtocolError("no such outcome")

"""Arguments of commands: one object, so that they can grow without breaking a client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from genx_lsp.session.dismissals import Reason

_REASONS: dict[str, Reason] = {"notUseful": "not useful", "wrong": "wrong", "never": "never"}


@dataclass(frozen=True)
class Where:
    """`{uri, name}` or `{uri, position}`, with the id of a suggestion where one is meant."""

    uri: str = ""
    name: str = ""
    line: int = 0
    """1-based; 0 where no position was given."""
    suggestion: str = ""
    reason: Reason = "not useful"
    """Why something is dismissed."""


def function_arguments(uri: str, name: str, **more: str) -> list[types.LSPAny]:
    """What a command on one function is sent with."""
    return [{"uri": uri, "name": name, **more}]


def read_arguments(given: Sequence[Any]) -> Where:
    """Read a command's arguments. Raises `JsonRpcInvalidParams` where they make no sense."""
    if not given or given[0] is None:
        return Where()
    first = given[0]
    if not isinstance(first, Mapping):
        raise JsonRpcInvalidParams("The command takes one object: {uri, name} or {uri, position}.")
    position = first.get("position")
    line = position.get("line") if isinstance(position, Mapping) else None
    if position is not None and not isinstance(line, int):
        raise JsonRpcInvalidParams("position must be {line, character}, counted from 0.")
    texts = {name: first.get(name, "") for name in ("uri", "name", "suggestion")}
    for name, value in texts.items():
        if not isinstance(value, str):
            raise JsonRpcInvalidParams(f"{name} must be a string.")
    given_reason = first.get("reason", "notUseful")
    if given_reason not in _REASONS:
        raise JsonRpcInvalidParams(f"reason must be one of {', '.join(_REASONS)}.")
    return Where(
        texts["uri"],
        texts["name"],
        line + 1 if line is not None else 0,
        texts["suggestion"],
        _REASONS[given_reason],
    )

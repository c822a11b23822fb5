"""How the worker process and its client talk: a 4-byte big-endian length, then that many bytes of JSON.

    client -> worker   open, info, generate, score, tokens, cancel, ping
    worker -> client   info, sample, scores, tokens, done, error, pong

Every request carries an `id`, and every answer to it the same one; `sample` comes once a sample, and `done`
or `error` ends a request.
"""

from __future__ import annotations

import dataclasses
import json
import struct
from typing import IO, Any

from genx_models.generation import Chat, Infill, Prompt, Request, Text

Frame = dict[str, Any]

_HEADER = struct.Struct(">I")
_LARGEST = 64 * 1024 * 1024
_PROMPTS: dict[str, type[Text] | type[Chat] | type[Infill]] = {"text": Text, "chat": Chat, "infill": Infill}


class BrokenFrame(Exception):
    """The stream ended inside a frame, or does not hold frames at all."""


def write(stream: IO[bytes], frame: Frame) -> None:
    """Write one frame and flush. Raises `OSError` if nobody reads."""
    # ASCII JSON: lone surrogates (odd file names) survive as escapes.
    data = json.dumps(frame, separators=(",", ":")).encode("ascii")
    stream.write(_HEADER.pack(len(data)) + data)
    stream.flush()


def read(stream: IO[bytes]) -> Frame | None:
    """The next frame, or None at the end of the stream. Raises `BrokenFrame`."""
    header = stream.read(_HEADER.size)
    if not header:
        return None
    if len(header) < _HEADER.size:
        raise BrokenFrame("the stream ended inside a frame header")
    (length,) = _HEADER.unpack(header)
    if length > _LARGEST:
        raise BrokenFrame(f"a frame of {length} bytes")
    data = stream.read(length)
    if len(data) < length:
        raise BrokenFrame("the stream ended inside a frame")
    try:
        frame = json.loads(data)
    except ValueError as error:
        raise BrokenFrame("a frame that is not JSON") from error
    if not isinstance(frame, dict):
        raise BrokenFrame("a frame that is not an object")
    return frame


def pack_prompt(prompt: Prompt) -> Frame:
    """A prompt as JSON."""
    return {"kind": type(prompt).__name__.lower(), **dataclasses.asdict(prompt)}


def unpack_prompt(frame: Frame) -> Prompt:
    """The prompt that `pack_prompt` packed."""
    fields = dict(frame)
    return _PROMPTS[fields.pop("kind")](**fields)


def pack_request(request: Request) -> Frame:
    """A request as JSON."""
    fields = {field.name: getattr(request, field.name) for field in dataclasses.fields(request)}
    return {**fields, "prompt": pack_prompt(request.prompt)}


def unpack_request(frame: Frame) -> Request:
    """The request that `pack_request` packed."""
    fields = {**frame, "prompt": unpack_prompt(frame["prompt"])}
    fields.update(stop=tuple(frame["stop"]), seeds=tuple(frame["seeds"]))
    return Request(**fields)

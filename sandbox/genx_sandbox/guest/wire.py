"""Frames between a fork and the parent: four bytes of length, then JSON in UTF-8."""

# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

import json
import os
import struct

HEADER = struct.Struct(">I")
_dumps = json.JSONEncoder(separators=(",", ":"), ensure_ascii=True).encode


def frame(message):
    """The bytes of one frame."""
    body = _dumps(message).encode("ascii")
    return HEADER.pack(len(body)) + body


class Channel:
    """The fork's end of its socket. It speaks with raw writes, so that patched files change nothing."""

    def __init__(self, fd):
        self._fd = fd
        self._write = os.write

    def send(self, message):
        """Send one frame, whole."""
        data = frame(message)
        while data:
            data = data[self._write(self._fd, data) :]

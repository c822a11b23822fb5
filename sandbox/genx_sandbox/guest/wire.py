"""Frames between a fork and the parent: four bytes of length, then a body.

A body is JSON, or an outcome: the letter `O`, which call it is of, how long it took, and JSON for what it
came to. Programs mostly agree, so the parent mostly knows that last part already.
"""

# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

import json
import os
import struct
from typing import Any

HEADER = struct.Struct(">I")
OUTCOME = struct.Struct(">cId")
_encoder = json.JSONEncoder(separators=(",", ":"), ensure_ascii=True, check_circular=False)


def _make_dumps():
    made: Any = json.encoder
    c_make_encoder = getattr(made, "c_make_encoder", None)
    if c_make_encoder is None:
        return _encoder.encode
    # `JSONEncoder.encode` makes this object anew for each message, which costs as much as using it.
    encode = c_make_encoder(
        None, _encoder.default, made.encode_basestring_ascii, None, ":", ",", False, False, True
    )
    join = "".join
    return lambda message: join(encode(message, 0))


_dumps = _make_dumps()


def frame(message):
    """The bytes of one frame."""
    body = _dumps(message).encode("ascii")
    return HEADER.pack(len(body)) + body


def outcome_frame(index, seconds, report):
    """The bytes of the frame that says what the call at `index` came to."""
    body = _dumps(report).encode("ascii")
    return HEADER.pack(OUTCOME.size + len(body)) + OUTCOME.pack(b"O", index, seconds) + body


class Channel:
    """The fork's end of its socket. It speaks with raw calls, so that patched files change nothing."""

    def __init__(self, fd):
        self.fd = fd
        self._write, self._close = os.write, os.close

    def receive(self):
        """The one request that a fork is sent, as it came; empty where the parent thought better of it."""
        head = _exactly(self.fd, HEADER.size)
        return _exactly(self.fd, HEADER.unpack(head)[0]) if len(head) == HEADER.size else b""

    def send(self, *messages):
        """Send frames, whole."""
        self._send(b"".join(map(frame, messages)))

    def send_outcome(self, index, seconds, report):
        """Send one outcome, whole."""
        self._send(outcome_frame(index, seconds, report))

    def close(self):
        """Hang up, and so wake the parent: there is no more to come."""
        if self.fd >= 0:
            fd, self.fd = self.fd, -1
            self._close(fd)

    def _send(self, data):
        while data:
            data = data[self._write(self.fd, data) :]


def _exactly(fd, length):
    pieces = []
    while length:
        piece = os.read(fd, min(length, 1 << 20))
        if not piece:
            return b""
        pieces.append(piece)
        length -= len(piece)
    return b"".join(pieces)

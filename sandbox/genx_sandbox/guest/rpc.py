"""The split grade's line between the test's process and the program's: requests with ids, exact types.

A request's id is random and its reply must carry it, so nothing that a program sends unasked, early or
twice is ever taken for an answer. Frames are capped before they are read.
"""

# ruff: noqa: B905 (zip's strict came with 3.10)
# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

import json
import os
import socket
from typing import Any

from .wire import HEADER, frame

_LARGEST = 8 << 20
_DEEPEST = 100
_SCALARS: Any = {
    "int": lambda text: int(text, 0),
    "float": float,
    "complex": complex,
    "bool": lambda text: {"True": True, "False": False}[text],
}
_CONTAINERS: Any = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}


class Broken(Exception):
    """The other side ended, or said something that no honest one says."""


class CannotCross(Exception):
    """A value that means nothing in another process."""


class Line:
    """One end. Raw system calls kept from the start, so that patched modules change nothing."""

    def __init__(self, fd):
        self._fd = fd
        self._read, self._write, self._random = os.read, os.write, os.urandom
        self._loads = json.JSONDecoder().decode
        self._peer = socket.socket(fileno=os.dup(fd))
        self._held = b""
        self._numbers = ""

    def ask(self, message):
        """Send a request and return its reply. Raises Broken."""
        if self._waiting():
            raise Broken("the program spoke without being asked")
        number = self._number()
        self.send({**message, "id": number})
        reply = self.receive()
        if type(reply) is not dict or reply.get("id") != number:
            raise Broken("the program answered what it was not asked")
        return reply

    def _number(self):
        # Random bytes are drawn for many requests at once.
        if not self._numbers:
            self._numbers = self._random(512).hex()
        number, self._numbers = self._numbers[:16], self._numbers[16:]
        return number

    def _waiting(self):
        if self._held:
            return True
        try:
            return len(self._peer.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)) > 0
        except BlockingIOError:
            return False
        except OSError:
            raise Broken("the program ended") from None

    def send(self, message):
        """Send one frame, whole."""
        data = frame(message)
        try:
            while data:
                data = data[self._write(self._fd, data) :]
        except OSError:
            raise Broken("the program ended") from None

    def receive(self):
        """One frame. Raises Broken."""
        (length,) = HEADER.unpack(self._exactly(4))
        if length > _LARGEST:
            raise Broken("the program sent more than an answer may hold")
        try:
            return self._loads(self._exactly(length).decode("ascii"))
        except (ValueError, RecursionError):
            raise Broken("the program sent what is no answer") from None

    def _exactly(self, length):
        pieces = [self._held]
        missing = length - len(self._held)
        while missing > 0:
            try:
                piece = self._read(self._fd, 1 << 16)
            except OSError:
                piece = b""
            if not piece:
                raise Broken("the program ended")
            pieces.append(piece)
            missing -= len(piece)
        whole = b"".join(pieces)
        self._held = whole[length:]
        return whole[:length]


def plain(node, depth=0):
    """The builtin value that an encoder's node stands for. Raises CannotCross, Broken."""
    if type(node) is not list or not node or type(node[0]) is not str or depth > _DEEPEST:
        raise Broken("the program sent what is no value")
    kind = node[0]
    text = node[1] if len(node) > 1 else ""
    items = node[2] if len(node) > 2 else []
    if len(node) > 3 and node[3] and kind != "iterator":
        raise CannotCross("a %s cannot leave the program's process" % node[3])
    if type(text) is not str or type(items) not in (list, str):
        raise Broken("the program sent what is no value")
    try:
        if type(items) is str:
            return {"list": list, "tuple": tuple}[kind](map(int, items.split(", ")))
        if kind in _CONTAINERS:
            return _CONTAINERS[kind](plain(item, depth + 1) for item in items)
        if kind == "dict":
            flat = [plain(item, depth + 1) for item in items]
            return dict(zip(flat[::2], flat[1::2]))
        if kind == "iterator":
            return iter([plain(item, depth + 1) for item in items])
        if kind in _SCALARS:
            return _SCALARS[kind](text)
        if kind in ("str", "bytes"):
            return _literal(text, kind)
    except (ValueError, KeyError, TypeError, SyntaxError, MemoryError):
        raise Broken("the program sent what is no value") from None
    if kind in ("none", "ellipsis"):
        return None if kind == "none" else ...
    raise CannotCross(text or "a value that cannot leave the program's process")


def _literal(text, kind):
    import ast

    value = ast.literal_eval(text)
    if type(value) is not (str if kind == "str" else bytes):
        raise ValueError(kind)
    return value

"""Hostile and broken messages for the server: whatever comes, it goes on and answers every request.

The real protocol and server in this process, with pipes and engine left out: messages go in as bytes, cut
anywhere, and what the server writes is read back.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from genx_lsp.errors import Unavailable
from genx_lsp.pygls_faults import quieten, serve
from genx_lsp.server import Server

URI = "file:///nowhere/at/all/calc.py"
TEXT = "def step(x):\n    return x + 1\n\n\nclass A:\n    def b(self):\n        return '😀'\n"
METHODS = (
    "textDocument/hover", "textDocument/codeLens", "textDocument/codeAction", "codeAction/resolve",
    "textDocument/didOpen", "textDocument/didChange", "textDocument/didClose", "textDocument/didSave",
    "workspace/executeCommand", "workspace/didChangeConfiguration", "workspace/didChangeWatchedFiles",
    "workspace/didChangeWorkspaceFolders", "window/workDoneProgress/cancel", "$/cancelRequest", "$/setTrace",
    "textDocument/diagnostic", "textDocument/completion", "initialize", "no/such/method", "",
)  # fmt: skip
SECONDS = 20.0
"""For an answer; what takes longer is a hang."""
COMMANDS = (
    "genx.cancel",
    "genx.dismiss",
    "genx.applyFix",
    "genx.generateTests",
    "genx.showReport",
    "no.such",
)


class _NoEngines:
    """Nothing is run: what is tried here is the way in."""

    def models(self) -> Any:
        return self

    def close(self) -> None:
        pass

    def open(self, path: Path, settings: Any, models: Any, anchors: Any) -> Any:
        raise Unavailable("There is no sandbox here.")


class _Sink:
    """Takes what the server writes, frame by frame."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self._held = b""

    def write(self, data: bytes) -> None:
        self._held += data
        while (end := self._held.find(b"\r\n\r\n")) >= 0:
            head = self._held[:end].decode("ascii").lower()
            length = int(head.partition("content-length:")[2].split()[0])
            if len(self._held) < end + 4 + length:
                return
            self.messages.append(json.loads(self._held[end + 4 : end + 4 + length]))
            self._held = self._held[end + 4 + length :]

    def close(self) -> None:
        pass


def frame(body: bytes, header: bytes = b"Content-Length: %d\r\n\r\n") -> bytes:
    return header % len(body) + body


def message(method: str, params: Any, number: Any = None) -> bytes:
    body: dict[str, Any] = {"jsonrpc": "2.0", "method": method, "params": params}
    if number is not None:
        body["id"] = number
    return json.dumps(body).encode()


# -- what is sent ----------------------------------------------------------------------------------

_scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([URI, "file:///", "untitled:a", "file://host/x", "\ud800", "x" * 5_000])
)
_json = st.recursive(
    _scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["uri", "textDocument", "position", "line", "character", "range", "start", "end", "version",
                 "text", "contentChanges", "context", "diagnostics", "command", "arguments", "data", "fix",
                 "settings", "genx", "token", "id", "name", "title", "edit"]
            ) | st.text(max_size=4), inner, max_size=5,
        )
    ),
    max_leaves=12,
)  # fmt: skip
_number = st.integers(-2, 40) | st.sampled_from([2**31 - 1, -(2**31)])
_at = st.fixed_dictionaries({"line": _number, "character": _number})
_range = st.fixed_dictionaries({"start": _at, "end": _at})
_document = st.fixed_dictionaries(
    {"uri": st.sampled_from([URI, "untitled:1", "file:///x%00y.py", "", "a b"])}
)
_change = st.fixed_dictionaries({"text": st.text(max_size=20)}, optional={"range": _range})
_params = st.one_of(
    st.fixed_dictionaries({"textDocument": _document, "position": _at}),
    st.fixed_dictionaries({"textDocument": _document}),
    st.fixed_dictionaries(
        {
            "textDocument": _document,
            "range": _range,
            "context": st.fixed_dictionaries({"diagnostics": st.just([])}),
        }
    ),
    st.fixed_dictionaries(
        {
            "textDocument": st.fixed_dictionaries({"uri": st.just(URI), "version": _number}),
            "contentChanges": st.lists(_change, max_size=4),
        }
    ),
    st.fixed_dictionaries(
        {
            "textDocument": st.fixed_dictionaries(
                {
                    "uri": st.sampled_from([URI, "untitled:1"]),
                    "languageId": st.just("python"),
                    "version": _number,
                    "text": st.just(TEXT) | st.text(max_size=40),
                }
            )
        }
    ),
    st.fixed_dictionaries(
        {"command": st.sampled_from(COMMANDS)}, optional={"arguments": st.lists(_json, max_size=2)}
    ),
    st.fixed_dictionaries({"title": st.text(max_size=5), "data": _json}),
    st.fixed_dictionaries({"settings": _json}),
    st.fixed_dictionaries({"token": _json}),
    st.fixed_dictionaries({"id": _json}),
    _json,
)
requests = st.tuples(st.sampled_from(METHODS), _params)
_broken = st.one_of(
    st.binary(max_size=60),
    st.text(max_size=30).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.sampled_from(
        [
            b"[" * 200_000,
            b'{"a":' * 100_000,
            b"null", b"1", b"[]", b'""', b"{}", b"[1,2]", b"NaN", b'{"jsonrpc":"2.0"}',
            b'{"jsonrpc":"2.0","id":null,"method":null}', b'{"jsonrpc":"2.0","id":[],"method":"x"}',
            b'{"jsonrpc":"2.0","id":7,"result":null}', b'{"jsonrpc":"2.0","id":{},"error":{}}',
            b'{"jsonrpc":"2.0","id":1,"method":7,"params":[]}', b'{"jsonrpc":"1.0","method":"exit "}',
            b'{"jsonrpc":"2.0","id":1e400,"method":"textDocument/hover"}', b'\xff\xfe{}', b'{"a":"\\ud800"}',
            b'{"jsonrpc":"2.0","id":' + b"9" * 5_000 + b',"method":"x"}',
        ]
    ),
    _json.map(lambda value: json.dumps(value).encode()),
)  # fmt: skip
_headers = st.sampled_from(
    [
        b"Content-Length: %d\r\n\r\n",
        b"content-length:%d\r\n\r\n",
        b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nContent-Length: %d\r\n\r\n",
        b"Content-Length: %d\r\nX: " + b"y" * 2_000 + b"\r\n\r\n",
        b"\r\n\r\nContent-Length: %d\r\n\r\n",
    ]
)
framed = st.lists(st.tuples(_headers, requests | _broken), min_size=1, max_size=25)
"""Whole messages, each under a header that is right: every request among them must be answered."""
torn = st.lists(
    st.one_of(
        st.binary(max_size=80),
        st.sampled_from(
            [
                b"Content-Length: 99999999999999\r\n\r\n{}",
                b"Content-Length: " + b"9" * 6_000 + b"\r\n\r\n{}",
                b"Content-Length: -5\r\n\r\n{}",
                b"Content-Length: 0\r\n\r\n",
                b"x" * 200_000,
                b"Content-Length: 2\r\n\r\n{}" * 3,
                b"Content-Length: 5\r\n\r\n{}",
                b"Content-Length: \xc2\xb2\r\n\r\n{}",
            ]
        ),
    ),
    max_size=6,
)
"""Bytes that are no messages: nothing can be asked but to end in good order when the stream does."""


# -- what happens ----------------------------------------------------------------------------------


class Ear:
    """A server that listens, for as many examples as it survives."""

    def __init__(self) -> None:
        quieten()
        self.loop = asyncio.new_event_loop()
        self.sink = _Sink()
        self.sent = 0
        self._asked = 0
        self.loop.run_until_complete(self._open())

    def close(self) -> None:
        self.loop.run_until_complete(self._close())
        self.loop.close()

    def framed(self, messages: Sequence[tuple[bytes, Any]], cuts: Sequence[int]) -> None:
        """Send them, cut anywhere. Raises AssertionError where a request has not exactly one answer."""
        asked: dict[int, str] = {}
        stream = b""
        for header, sent in messages:
            self.sent += 1
            if isinstance(sent, bytes):
                stream += frame(sent, header)
            else:
                self._asked += 1
                asked[10**6 + self._asked] = sent[0]
                stream += frame(message(*sent, 10**6 + self._asked), header)
        pieces, rest = [], stream
        for cut in cuts:
            pieces.append(rest[:cut])
            rest = rest[cut:]
        self._asked += 1
        sentinel = 10**6 + self._asked
        at = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 5}}
        pieces += [rest, frame(message("textDocument/hover", at, sentinel))]
        self.sink.messages.clear()
        self.loop.run_until_complete(self._feed(pieces, {*asked, sentinel}))
        given = [m.get("id") for m in self.sink.messages if "method" not in m]
        assert sentinel in given, "the server went deaf"
        for number, method in asked.items():
            assert given.count(number) == 1, f"{given.count(number)} answers to {method!r}"

    def torn(self, pieces: Sequence[bytes]) -> None:
        """Bytes that are no messages: reading ends in good order when the stream does."""
        self.sent += len(pieces)
        self.loop.run_until_complete(self._torn(pieces))

    async def _open(self) -> None:
        self.server = Server(_NoEngines(), Path("/nowhere/feedback.db"))
        self.server.protocol.set_writer(self.sink)
        self.reader = asyncio.StreamReader(limit=1 << 16)
        self.serving = asyncio.create_task(serve(self.reader, self.server.protocol))
        options = {"genx": {"onSave": "off", "feedback": False}}
        first = {"processId": None, "rootUri": None, "capabilities": {}, "initializationOptions": options}
        item = {"uri": URI, "languageId": "python", "version": 1, "text": TEXT}
        start = [frame(message("initialize", first, 1)), frame(message("initialized", {}))]
        start.append(frame(message("textDocument/didOpen", {"textDocument": item})))
        await self._feed(start, {1})

    async def _feed(self, pieces: Sequence[bytes], awaited: set[int]) -> None:
        for piece in pieces:
            self.reader.feed_data(piece)
            await asyncio.sleep(0)
        ends = self.loop.time() + SECONDS
        while self.loop.time() < ends and not self.serving.done():
            # An answer to a hostile id carries that id, and need not be hashable.
            if awaited <= {i for m in self.sink.messages if isinstance(i := m.get("id"), int)}:
                break
            await asyncio.sleep(0.001)
        if self.serving.done():
            self.serving.result()  # Raises what ended it.
        # What would be a second answer gets a moment to come.
        for _ in range(5):
            await asyncio.sleep(0)

    async def _torn(self, pieces: Sequence[bytes]) -> None:
        reader = asyncio.StreamReader(limit=1 << 16)
        serving = asyncio.create_task(serve(reader, self.server.protocol))
        for piece in pieces:
            reader.feed_data(piece)
            await asyncio.sleep(0)
        reader.feed_eof()
        await asyncio.wait_for(serving, SECONDS)

    async def _close(self) -> None:
        self.serving.cancel()
        await self.server._close()


def silence() -> None:
    """What is logged of a hundred thousand wrong messages helps nobody."""
    logging.disable(logging.CRITICAL)

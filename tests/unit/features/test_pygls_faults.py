"""Each fault of pygls shown in pygls' own protocol, and put right in ours.

Where pygls no longer has a fault its half fails: then the work-around can go.
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import pytest
from lsprotocol import types
from pygls.io_ import run_async
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol

from genx_lsp.pygls_faults import Protocol, serve

HOVER = {"textDocument": {"uri": "file:///a.py"}, "position": {"line": 0, "character": 0}}
INITIALIZE = {"processId": None, "rootUri": None, "capabilities": {}}


class Out:
    """What the server has sent."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []

    def write(self, data: bytes) -> None:
        self.messages.append(json.loads(data.partition(b"\r\n\r\n")[2]))

    def close(self) -> None:
        self.messages.append({"closed": True})

    def errors(self, id: Any) -> list[int]:
        return [m["error"]["code"] for m in self.messages if m.get("id") == id and "error" in m]


class Spoken:
    """A server of either protocol and the messages it gets, one after another."""

    def __init__(self, protocol: type[LanguageServerProtocol]) -> None:
        self.server = LanguageServer("test", "1", protocol_cls=protocol)
        self.protocol: Any = self.server.protocol
        self.out = Out()
        self.protocol.set_writer(self.out)
        self.documents: list[str] = []

        @self.server.feature(types.TEXT_DOCUMENT_HOVER)
        def hover(params: types.HoverParams) -> None:
            raise RuntimeError("a secret place in the code")

        @self.server.feature(types.TEXT_DOCUMENT_DID_SAVE)
        async def save(params: types.DidSaveTextDocumentParams) -> None:
            await asyncio.sleep(0)

        for method in (types.TEXT_DOCUMENT_DID_OPEN, types.TEXT_DOCUMENT_DID_CHANGE):
            self.server.feature(method)(lambda params: None)

    async def say(self, *messages: Any) -> Out:
        reader = asyncio.StreamReader()
        for message in messages:
            body = (
                message if isinstance(message, bytes) else json.dumps({"jsonrpc": "2.0", **message}).encode()
            )
            reader.feed_data(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        reader.feed_eof()
        if isinstance(self.protocol, Protocol):
            await serve(reader, self.protocol)
        else:
            import threading

            await run_async(
                threading.Event(), reader, self.protocol, error_handler=self.server.report_server_error
            )
        for _ in range(5):
            await asyncio.sleep(0)
        return self.out


def request(method: str, params: Any, id: Any = 1) -> dict[str, Any]:
    return {"id": id, "method": method, "params": params}


def initialize() -> dict[str, Any]:
    return request("initialize", INITIALIZE, "initialize")


async def both(*messages: Any) -> tuple[Out, Out]:
    """What pygls makes of the messages, and what we do."""
    return await Spoken(LanguageServerProtocol).say(*messages), await Spoken(Protocol).say(*messages)


async def test_malformed_parameters_are_answered() -> None:
    theirs, ours = await both(initialize(), request("textDocument/hover", {"position": 1}))
    assert theirs.errors(1) == []
    assert ours.errors(1) == [-32602]


async def test_what_is_no_json_is_answered() -> None:
    theirs, ours = await both(initialize(), b"{")
    assert theirs.errors(None) == []
    assert ours.errors(None) == [-32700]


async def test_requests_after_shutdown_are_answered() -> None:
    messages = (initialize(), request("shutdown", None, 1), request("textDocument/hover", HOVER, 2))
    theirs, ours = await both(*messages)
    assert theirs.errors(2) == []
    assert ours.errors(2) == [-32600]


async def test_requests_before_initialize_are_answered_as_such() -> None:
    theirs, ours = await both(request("textDocument/hover", HOVER))
    assert -32002 not in theirs.errors(1)
    assert ours.errors(1) == [-32002]


async def test_faults_of_our_own_keep_their_traceback() -> None:
    theirs, ours = await both(initialize(), request("textDocument/hover", HOVER))
    assert "a secret place" in json.dumps(theirs.messages)
    assert "a secret place" not in json.dumps(ours.messages)
    assert ours.errors(1) == [-32603]


async def test_notifications_leave_nothing_behind() -> None:
    save = {"method": "textDocument/didSave", "params": {"textDocument": {"uri": "file:///a.py"}}}
    kept = []
    for protocol in (LanguageServerProtocol, Protocol):
        spoken = Spoken(protocol)
        await spoken.say(initialize(), *[save] * 5)
        kept.append(len(spoken.protocol._request_futures))
    assert kept[0] >= 5
    assert kept[1] == 0


async def test_an_answer_to_a_request_that_was_given_up_is_survived(caplog: Any) -> None:
    # Our server quiets this logger for the whole process, and another test may have started one here.
    caplog.set_level(logging.DEBUG, logger="pygls")
    for protocol, survives in ((LanguageServerProtocol, False), (Protocol, True)):
        spoken = Spoken(protocol)
        await spoken.say(initialize())
        future = spoken.protocol.send_request(
            "workspace/configuration", types.ConfigurationParams([]), msg_id="ask"
        )
        future.cancel()
        caplog.clear()
        await spoken.say({"id": "ask", "result": []})
        assert ("InvalidStateError" not in caplog.text) == survives
        assert spoken.protocol._request_futures == {}


async def test_an_answer_that_is_an_error_leaves_no_type_behind() -> None:
    left = []
    for protocol in (LanguageServerProtocol, Protocol):
        spoken = Spoken(protocol)
        await spoken.say(initialize())
        future = spoken.protocol.send_request(
            "workspace/configuration", types.ConfigurationParams([]), msg_id="ask"
        )
        await spoken.say({"id": "ask", "error": {"code": -32601, "message": "no"}})
        assert future.exception() is not None
        left.append(len(spoken.protocol._result_types))
    assert left == [1, 0]


async def test_exit_asks_for_the_right_code() -> None:
    with pytest.raises(SystemExit):
        await Spoken(LanguageServerProtocol).say(initialize(), {"method": "exit"})
    for messages, code in (([], 1), ([request("shutdown", None)], 0)):
        spoken, codes = Spoken(Protocol), []
        spoken.protocol.on_exit = codes.append
        await spoken.say(initialize(), *messages, {"method": "exit"})
        assert codes == [code]


async def test_lines_are_split_where_the_protocol_splits_them() -> None:
    from genx_lsp.session.documents import Snapshot
    from genx_lsp.session.positions import PositionCodec

    text = "a = '\x0c'\nb = 1\n"
    where = {"start": {"line": 1, "character": 4}, "end": {"line": 1, "character": 5}}
    item = {"uri": "file:///a.py", "languageId": "python", "version": 1, "text": text}
    spoken = Spoken(LanguageServerProtocol)
    await spoken.say(
        initialize(),
        {"method": "textDocument/didOpen", "params": {"textDocument": item}},
        {
            "method": "textDocument/didChange",
            "params": {
                "textDocument": {"uri": "file:///a.py", "version": 2},
                "contentChanges": [{"range": where, "text": "2"}],
            },
        },
    )
    wanted = "a = '\x0c'\nb = 2\n"
    assert spoken.server.workspace.get_text_document("file:///a.py").source != wanted

    start, end = types.Position(1, 4), types.Position(1, 5)
    change = types.TextDocumentContentChangePartial(types.Range(start, end), "2")
    assert Snapshot("file:///a.py", 1, text).changed(2, [change], PositionCodec()).text == wanted


async def test_whole_messages_are_logged_unless_quietened(caplog: Any) -> None:
    from genx_lsp.pygls_faults import quieten

    logger = logging.getLogger("pygls")
    before = logger.level
    secret = {**HOVER, "textDocument": {"uri": "file:///secret.py"}}
    try:
        logger.setLevel(logging.INFO)
        await Spoken(Protocol).say(initialize(), request("textDocument/didOpen", secret))
        assert "secret.py" in caplog.text or "capabilities" in caplog.text
        caplog.clear()
        quieten()
        await Spoken(Protocol).say(initialize(), request("textDocument/didOpen", secret))
        assert "secret.py" not in caplog.text
        assert "capabilities" not in caplog.text
    finally:
        logger.setLevel(before)

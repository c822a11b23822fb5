"""Each fault of pygls shown in pygls' own protocol, and put right in ours.

Where pygls no longer has a fault its half fails: then the work-around can go.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import os
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from lsprotocol import types
from pygls.io_ import StdinAsyncReader, run_async
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol

from genx_lsp.features.commands import Commands
from genx_lsp.features.progress import Progress
from genx_lsp.pygls_faults import Protocol, read_in_thread, serve
from genx_lsp.session.capabilities import Capabilities
from genx_lsp.session.client import Client
from genx_lsp.session.jobs import Ended, Started

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

        @self.server.feature(types.TEXT_DOCUMENT_WILL_SAVE)
        def will_save(params: types.WillSaveTextDocumentParams) -> None:
            raise RuntimeError("a secret place in the code")

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


async def test_faults_of_our_own_are_no_pop_ups() -> None:
    document = {"textDocument": {"uri": "file:///a.py"}, "reason": 1}
    theirs, ours = await both(initialize(), {"method": "textDocument/willSave", "params": document})
    assert [m["method"] for m in theirs.messages if "method" in m] == ["window/showMessage"]
    assert [m["method"] for m in ours.messages if "method" in m] == []


async def test_notifications_that_come_as_requests_are_answered() -> None:
    document = {"textDocument": {"uri": "file:///a.py"}}
    theirs, ours = await both(initialize(), request("textDocument/didSave", document))
    assert [m for m in theirs.messages if m.get("id") == 1] == []
    assert ours.errors(1) == [-32600]


async def test_a_message_that_is_nested_too_deeply_is_answered() -> None:
    theirs, ours = await both(initialize(), b"[" * 100_000)
    assert theirs.errors(None) == []
    assert ours.errors(None) == [-32700]


async def test_a_header_without_an_end_is_passed_over() -> None:
    heard = []
    for protocol in (LanguageServerProtocol, Protocol):
        spoken = Spoken(protocol)
        reader = asyncio.StreamReader(limit=1 << 16)
        body = json.dumps({"jsonrpc": "2.0", **initialize()}).encode()
        reader.feed_data(b"Nonsense: " + b"x" * (1 << 17) + b"\r\n")
        reader.feed_data(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        reader.feed_eof()
        spoken.server.protocol.on_exit = lambda code: None
        if isinstance(spoken.protocol, Protocol):
            await serve(reader, spoken.protocol)
        else:
            with pytest.raises(ValueError, match=r"limit|chunk"):
                await run_async(threading.Event(), reader, spoken.protocol)
        heard.append(len(spoken.out.messages))
    assert heard == [0, 1]


async def test_messages_are_read_while_handlers_keep_every_thread_busy() -> None:
    for ours in (False, True):
        spoken = Spoken(Protocol if ours else LanguageServerProtocol)
        server = spoken.server
        server._max_workers = 1
        busy, free, heard = threading.Event(), threading.Event(), asyncio.Event()

        @server.feature(types.TEXT_DOCUMENT_FORMATTING)
        @server.thread()
        def slow(params: Any, busy: threading.Event = busy, free: threading.Event = free) -> None:
            busy.set()
            free.wait(30)

        @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
        def close(params: Any, heard: asyncio.Event = heard) -> None:
            heard.set()

        read, write = os.pipe()
        with open(read, "rb") as stream, open(write, "wb", buffering=0) as editor:
            if ours:
                running = asyncio.ensure_future(serve(read_in_thread(stream), spoken.protocol))
            else:
                reader = StdinAsyncReader(stream, server.thread_pool)
                running = asyncio.ensure_future(run_async(threading.Event(), reader, spoken.protocol))

            def say(message: dict[str, Any], editor: Any = editor) -> None:
                body = json.dumps({"jsonrpc": "2.0", **message}).encode()
                editor.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)

            document = {"textDocument": {"uri": "file:///a.py"}}
            say(initialize())
            options = {"tabSize": 4, "insertSpaces": True}
            say(request("textDocument/formatting", {**document, "options": options}))
            await asyncio.to_thread(busy.wait, 30)
            say({"method": "textDocument/didClose", "params": document})
            if ours:
                await asyncio.wait_for(heard.wait(), 30)
            else:
                # The only thread is the handler's, so nobody can have read it, however long one waits.
                await asyncio.sleep(0.2)
                assert not heard.is_set()
            free.set()
            await asyncio.wait_for(heard.wait(), 30)
            editor.close()
            await asyncio.wait_for(running, 30)
        server.thread_pool.shutdown()


async def test_a_command_that_is_cancelled_is_not_worked_on_behind_the_clients_back(tmp_path: Path) -> None:
    spoken, went_on = Spoken(LanguageServerProtocol), asyncio.Event()

    @spoken.server.command("slow")
    async def slow(*arguments: Any) -> None:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        went_on.set()

    call = request("workspace/executeCommand", {"command": "slow"})
    out = await spoken.say(initialize(), call, {"method": "$/cancelRequest", "params": {"id": 1}})
    await asyncio.wait_for(went_on.wait(), 30)
    assert out.errors(1) == [-32800], "the work of a cancelled command goes on"

    # Ours start their work as jobs, which have a cancel of their own, and return.
    session: Any = SimpleNamespace()
    assert not any(inspect.iscoroutinefunction(handler) for handler in Commands(session).table().values())


async def test_progress_that_has_ended_leaves_nothing_behind() -> None:
    theirs = Spoken(LanguageServerProtocol).server.work_done_progress
    theirs._lsp.set_writer(Out())
    theirs.begin("token", types.WorkDoneProgressBegin("GenX"))
    theirs.end("token", types.WorkDoneProgressEnd())
    assert list(theirs.tokens) == ["token"]

    class Connection:
        def __init__(self) -> None:
            self.sent: list[str] = []

        def notify(self, method: str, params: Any = None) -> None:
            self.sent.append(params.value.kind)

        async def send_request_async(self, method: str, params: Any = None) -> None:
            return None

    connection = Connection()
    session: Any = SimpleNamespace(capabilities=Capabilities(progress=True), client=Client(connection))
    ours = Progress(session)
    job: Any = SimpleNamespace(id="1", target=SimpleNamespace(name="f"))
    ours.job_changed(Started(job))
    for _ in range(5):
        await asyncio.sleep(0)
    ours.job_changed(Ended(job, "done"))
    assert connection.sent == ["begin", "end"]
    assert ours._tokens == ours._jobs == {}


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


async def edited_by_pygls(text: str, where: dict[str, Any], new: str) -> str:
    """What pygls' own workspace makes of one edit."""
    item = {"uri": "file:///a.py", "languageId": "python", "version": 1, "text": text}
    change = {
        "textDocument": {"uri": "file:///a.py", "version": 2},
        "contentChanges": [{"range": where, "text": new}],
    }
    spoken = Spoken(LanguageServerProtocol)
    await spoken.say(
        initialize(),
        {"method": "textDocument/didOpen", "params": {"textDocument": item}},
        {"method": "textDocument/didChange", "params": change},
    )
    return str(spoken.server.workspace.get_text_document("file:///a.py").source)


async def test_lines_are_split_where_the_protocol_splits_them() -> None:
    from genx_lsp.session.documents import Snapshot
    from genx_lsp.session.positions import PositionCodec

    text = "a = '\x0c'\nb = 1\n"
    where = {"start": {"line": 1, "character": 4}, "end": {"line": 1, "character": 5}}
    wanted = "a = '\x0c'\nb = 2\n"
    assert await edited_by_pygls(text, where, "2") != wanted

    start, end = types.Position(1, 4), types.Position(1, 5)
    change = types.TextDocumentContentChangePartial(types.Range(start, end), "2")
    assert Snapshot("file:///a.py", 1, text).changed(2, [change], PositionCodec()).text == wanted


async def test_a_position_past_the_end_of_a_line_means_its_end() -> None:
    from genx_lsp.session.documents import Snapshot
    from genx_lsp.session.positions import PositionCodec

    where = {"start": {"line": 0, "character": 9}, "end": {"line": 0, "character": 9}}
    wanted = "abX"
    assert await edited_by_pygls("ab", where, "X") != wanted

    change = types.TextDocumentContentChangePartial(
        types.Range(types.Position(0, 9), types.Position(0, 9)), "X"
    )
    assert Snapshot("file:///a.py", 1, "ab").changed(2, [change], PositionCodec()).text == wanted


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

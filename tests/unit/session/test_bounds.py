"""A server that runs for days holds no more than one that runs for an hour."""

from __future__ import annotations

import asyncio
import gc
import json
from pathlib import Path
from typing import Any

import pytest
from pygls.exceptions import JsonRpcException

from genx_lsp.discovery import find_targets
from genx_lsp.findings import Findings
from genx_lsp.project import Project
from genx_lsp.server import Server
from genx_lsp.session.client import Client
from genx_lsp.session.documents import Snapshot
from genx_lsp.session.store import KEPT_CLOSED, FindingsStore
from genx_lsp.target import Target

ROOT = Path("/p")
(TARGET,) = find_targets(
    ROOT / "a.py", "def f(x):\n    return x\n", Project(ROOT, Path("python"), (ROOT,), None)
)


def found(store: FindingsStore, number: int) -> str:
    uri = f"file:///p/{number}.py"
    store.opened(uri)
    store.started(uri, TARGET, "starting", "job")
    store.found(uri, Findings(TARGET, "final"), "job", "both")
    return uri


def test_findings_of_closed_documents_are_kept_for_the_last_few() -> None:
    store = FindingsStore()
    open_one = found(store, 0)
    for number in range(1, 5 * KEPT_CLOSED):
        store.closed(found(store, number))

    assert len(store.all()) == KEPT_CLOSED + 1
    assert store.entries(open_one), "an open one is never let go"
    newest = f"file:///p/{5 * KEPT_CLOSED - 1}.py"
    assert store.entries(newest)
    store.opened(newest)
    for number in range(5 * KEPT_CLOSED, 7 * KEPT_CLOSED):
        store.closed(found(store, number))
    assert store.entries(newest), "one that was opened again is kept"


class Connection:
    """A client that answers when it is told to."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.answers: list[asyncio.Future[Any]] = []

    def notify(self, method: str, params: Any = None) -> None:
        self.sent.append(method)

    def send_request_async(self, method: str, params: Any = None) -> asyncio.Future[Any]:
        self.sent.append(method)
        self.answers.append(asyncio.get_running_loop().create_future())
        return self.answers[-1]


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_slow_client_is_asked_once_and_once_more() -> None:
    connection = Connection()
    client = Client(connection)
    for _ in range(100):
        client.refresh("workspace/codeLens/refresh")
    await settle()
    assert len(connection.sent) == 1

    connection.answers[0].set_result(None)
    await settle()
    assert len(connection.sent) == 2
    connection.answers[1].set_exception(JsonRpcException("no"))
    await settle()
    assert len(connection.sent) == 2
    client.refresh("workspace/codeLens/refresh")
    await settle()
    assert len(connection.sent) == 3, "a refusal is no reason to stop asking"


async def test_once_closed_the_client_hears_nothing() -> None:
    connection = Connection()
    client = Client(connection)
    client.close()
    client.notify("window/logMessage")
    client.show("hello")
    client.refresh("workspace/codeLens/refresh")
    with pytest.raises(asyncio.CancelledError):
        await client.ask("workspace/configuration")
    await settle()
    assert connection.sent == []


class Out:
    def write(self, data: bytes) -> None:
        assert data.startswith(b"Content-Length")

    def close(self) -> None:
        assert True


def living(kind: type) -> int:
    gc.collect()
    return sum(isinstance(thing, kind) for thing in gc.get_objects())


async def test_notifications_leave_nothing_behind(tmp_path: Path) -> None:
    server = Server(feedback_path=tmp_path / "feedback.db")
    protocol = server.protocol
    protocol.set_writer(Out())

    async def send(method: str, params: dict[str, Any], **more: Any) -> None:
        message = {"jsonrpc": "2.0", "method": method, "params": params, **more}
        protocol.handle_message(json.loads(json.dumps(message), object_hook=protocol.structure_message))
        await settle()

    async def days(count: int) -> None:
        for number in range(count):
            uri = (tmp_path / f"{number}.py").as_uri()
            item = {"uri": uri, "languageId": "python", "version": 1, "text": "def f():\n    return 1\n"}
            await send("textDocument/didOpen", {"textDocument": item})
            change = {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [{"text": "x = 1\n"}]}
            await send("textDocument/didChange", change)
            await send("textDocument/hover", {**change, "position": {"line": 0, "character": 0}}, id=number)
            await send("textDocument/didClose", {"textDocument": {"uri": uri}})

    await send("initialize", {"processId": None, "rootUri": None, "capabilities": {}}, id="start")
    await send("initialized", {})
    await days(50)
    await asyncio.to_thread(server.session.lane.submit(lambda: None).result, 30)
    before = {kind: living(kind) for kind in (Snapshot, Target, asyncio.Future, asyncio.Task)}

    await days(300)

    await asyncio.to_thread(server.session.lane.submit(lambda: None).result, 30)
    after = {kind: living(kind) for kind in before}
    assert all(after[kind] <= before[kind] + 5 for kind in before), (before, after)
    assert len(protocol._request_futures) == 0
    server.session.client.close()
    await asyncio.to_thread(server.parts.files.close)
    await asyncio.to_thread(server.session.close)

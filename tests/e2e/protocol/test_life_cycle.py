"""From `initialize` to `exit`: what a server owes its client, and what it owes one that misbehaves."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from genx_lsp.errors import ConfigError
from genx_lsp.server import serve_tcp

INVALID_REQUEST, INVALID_PARAMS, PARSE_ERROR = -32600, -32602, -32700
NOT_INITIALIZED, METHOD_NOT_FOUND = -32002, -32601


async def test_exit_after_shutdown_ends_with_0(wire: Any) -> None:
    await wire.initialize()
    wire.send("shutdown", id=1)
    assert (await wire.answer(1))["result"] is None
    wire.send("exit")
    assert await wire.ended() == 0


async def test_exit_without_shutdown_ends_with_1(wire: Any) -> None:
    await wire.initialize()
    wire.send("exit")
    assert await wire.ended() == 1


async def test_a_client_that_just_goes_away_ends_the_server(wire: Any) -> None:
    await wire.initialize()
    wire.process.stdin.close()
    assert await wire.ended() == 1


async def test_the_death_of_the_clients_process_ends_the_server(wire: Any) -> None:
    editor = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "input()", stdin=asyncio.subprocess.PIPE
    )
    await wire.initialize(processId=editor.pid)
    editor.kill()
    await editor.wait()
    assert await wire.ended() == 1


async def test_sigterm_ends_the_server_in_order(wire: Any) -> None:
    await wire.initialize()
    wire.process.terminate()
    assert await wire.ended() == 128 + signal.SIGTERM


def test_no_address_that_others_could_reach() -> None:
    for host in ("0.0.0.0", "::", "192.0.2.1", "example.org"):
        with pytest.raises(ConfigError, match="does not listen"):
            serve_tcp(host, 0)


async def test_requests_after_shutdown_are_refused(wire: Any) -> None:
    await wire.initialize()
    wire.send("shutdown", id=1)
    await wire.answer(1)
    wire.send("textDocument/hover", hover("file:///a.py"), id=2)
    assert (await wire.answer(2))["error"]["code"] == INVALID_REQUEST
    wire.send("exit")
    assert await wire.ended() == 0


async def test_requests_before_initialize_are_refused(wire: Any) -> None:
    wire.send("textDocument/hover", hover("file:///a.py"), id=1)
    assert (await wire.answer(1))["error"]["code"] == NOT_INITIALIZED
    await wire.initialize()


async def test_initialize_twice_is_refused(wire: Any) -> None:
    await wire.initialize()
    wire.send("initialize", {"processId": None, "rootUri": None, "capabilities": {}}, id=2)
    assert (await wire.answer(2))["error"]["code"] == INVALID_REQUEST


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("textDocument/hover", {"textDocument": 3}),
        ("textDocument/hover", None),
        ("textDocument/codeAction", {"textDocument": {"uri": "file:///a.py"}, "range": "all"}),
        ("workspace/executeCommand", {"command": "genx.unheardOf"}),
        ("workspace/executeCommand", {"command": "genx.generateTests", "arguments": ["calc.py"]}),
        ("workspace/executeCommand", {"command": "genx.generateTests", "arguments": [{"uri": 3}]}),
        ("workspace/executeCommand", {"command": "genx.generateTests", "arguments": [{"position": [1]}]}),
    ],
)
async def test_malformed_parameters_are_answered_as_such(wire: Any, method: str, params: Any) -> None:
    await wire.initialize()
    wire.send(method, params, id=1)
    assert (await wire.answer(1))["error"]["code"] == INVALID_PARAMS


async def test_what_is_no_json_is_answered_and_survived(wire: Any) -> None:
    await wire.initialize()
    wire.send_raw(b"{no json")
    assert (await wire.answer(None))["error"]["code"] == PARSE_ERROR
    wire.send("unheard/of", {}, id=1)
    assert (await wire.answer(1))["error"]["code"] == METHOD_NOT_FOUND


async def test_documents_that_nobody_opened_are_no_error(wire: Any, tmp_path: Path) -> None:
    await wire.initialize()
    uri = (tmp_path / "missing.py").as_uri()
    document = {"textDocument": {"uri": uri}}
    wire.send("textDocument/hover", hover(uri), id=1)
    assert (await wire.answer(1))["result"] is None
    wire.send("textDocument/codeLens", document, id=2)
    assert (await wire.answer(2))["result"] == []
    change = {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [{"text": "x"}]}
    wire.send("textDocument/didChange", change)
    wire.send("textDocument/didSave", document)
    wire.send("textDocument/didClose", document)
    wire.send("textDocument/hover", hover(uri), id=3)
    assert (await wire.answer(3))["result"] is None


async def test_the_users_code_is_not_logged(wire: Any, tmp_path: Path) -> None:
    await wire.initialize()
    uri = (tmp_path / "a.py").as_uri()
    item = {"uri": uri, "languageId": "python", "version": 1, "text": "def f():\n    return 'do not tell'\n"}
    wire.send("textDocument/didOpen", {"textDocument": item})
    wire.send("textDocument/didOpen", {"textDocument": {**item, "version": "do not tell"}})
    wire.send("textDocument/hover", {"do not tell": 1}, id=1)
    await wire.answer(1)
    wire.send("exit")
    await wire.ended()
    assert "do not tell" not in "".join(wire.errors)


async def test_the_server_tells_what_it_can(wire: Any) -> None:
    result = (await wire.initialize())["result"]
    capabilities = result["capabilities"]
    assert result["serverInfo"]["name"] == "genx-lsp"
    assert capabilities["textDocumentSync"]["openClose"] is True
    assert capabilities["textDocumentSync"]["save"] == {"includeText": False}
    assert capabilities["codeActionProvider"]["resolveProvider"] is True
    assert capabilities["hoverProvider"] is True
    assert capabilities["positionEncoding"] == "utf-16"
    assert sorted(capabilities["executeCommandProvider"]["commands"]) == [
        "genx.applyFix",
        "genx.cancel",
        "genx.dismiss",
        "genx.generateTests",
        "genx.restartModels",
        "genx.restore",
        "genx.showReport",
    ]
    assert "diagnosticProvider" not in capabilities, "a client that cannot pull is sent them"


async def test_over_tcp_too(start: Any, tmp_path: Path) -> None:
    script = Path(__file__).with_name("scripted_server.py")
    state = tmp_path / "tcp"
    state.mkdir()
    server = await asyncio.create_subprocess_exec(
        sys.executable, str(script), str(state), "--tcp", stderr=asyncio.subprocess.PIPE
    )
    assert server.stderr is not None
    address = (await server.stderr.readline()).decode().rpartition(" ")[2].strip()
    host, _, port = address.rpartition(":")
    assert host == "127.0.0.1"
    relay = [sys.executable, str(Path(__file__).with_name("relay.py")), host, port]
    editor = await start("visual-studio-code", command=relay)
    uri = editor.open("calc.py")
    editor.replace(uri, "x + 1", "x - 1")
    editor.save(uri)
    await editor.until(
        lambda: editor.titles(uri), lambda seen: seen == ["GenX: 2 tests · 1 fix · suspected bug"]
    )
    await editor.client.shutdown_session()
    assert await server.wait() == 0


def hover(uri: str) -> dict[str, Any]:
    return {"textDocument": {"uri": uri}, "position": {"line": 0, "character": 0}}

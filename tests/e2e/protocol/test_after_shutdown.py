"""After `shutdown` a server says one thing more: that it has understood."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any


async def test_nothing_is_said_after_shutdown_though_work_was_going_on(wire: Any, tmp_path: Path) -> None:
    able = {
        "window": {"workDoneProgress": True},
        "workspace": {"codeLens": {"refreshSupport": True}, "applyEdit": True},
    }
    await wire.initialize(capabilities=able, initializationOptions={"genx": {"statusNotifications": True}})
    path = tmp_path / "slow.py"
    path.write_text("def waits(x):\n    return x\n")
    document = {"uri": path.as_uri(), "languageId": "python", "version": 1, "text": path.read_text()}
    wire.send("textDocument/didOpen", {"textDocument": document})
    command = {"command": "genx.generateTests", "arguments": [{"uri": path.as_uri(), "name": "waits"}]}
    wire.send("workspace/executeCommand", command, id=1)
    while (await asyncio.wait_for(wire.read(), 20)).get("method") != "window/workDoneProgress/create":
        continue

    wire.send("shutdown", id=2)
    await wire.answer(2)
    # Late answers, and what a client forgets that it is leaving says, change nothing.
    wire.send("textDocument/didSave", {"textDocument": {"uri": path.as_uri()}})
    wire.send("textDocument/didClose", {"textDocument": {"uri": path.as_uri()}})
    wire.send("exit")

    assert await wire.process.stdout.read() == b""
    assert await wire.ended() == 0

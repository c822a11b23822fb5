"""An editor without a window: speaks LSP to a real server process over stdio and times what comes back.

Threads, not asyncio: what is measured must not wait for a loop of ours. Also used by the soak, the chaos and
the fuzzing runs.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

SERVE = (sys.executable, "-m", "genx_lsp", "serve")
RESTS = ("idle", "problem", "off")
SECONDS = 30.0
"""For an answer; what takes longer is a hang."""


class Hung(Exception):
    """The server gave no answer in time, or ended before it."""


class Document:
    """A text that is typed into, with its version."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.uri = path.as_uri()
        self.text = text
        self.version = 1


class Client:
    """One server process and what was said to and fro."""

    def __init__(
        self,
        root: Path,
        settings: Mapping[str, Any] | None = None,
        *,
        environment: Mapping[str, str] | None = None,
        command: Sequence[str] = SERVE,
        before: Callable[[], None] | None = None,
    ) -> None:
        """`before` runs in the child just before the server starts (limits)."""
        self.root = root
        self.settings = dict(settings or {})
        self.started = time.monotonic()
        self.initialized_s = 0.0
        self.messages: list[str] = []
        self.statuses: list[tuple[float, str, str]] = []
        self.reports: list[tuple[float, str, int]] = []
        """When a job was said to be how far: its function and what it does, and percent."""
        self.diagnostics: dict[str, list[Any]] = {}
        self.refreshes: queue.SimpleQueue[float] = queue.SimpleQueue()
        self.errors: list[str] = []
        self._asked: dict[int, tuple[Future[Any], float]] = {}
        self._number = 0
        self._lock = threading.Lock()
        self.process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=root if root.is_dir() else "/",
            env={**os.environ, **(environment or {})},
            preexec_fn=before,
        )
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=self._read_errors, daemon=True).start()

    # -- sending -----------------------------------------------------------------------------------

    def send(self, message: Mapping[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        with self._lock, contextlib.suppress(OSError, ValueError):
            self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
            self.process.stdin.flush()

    def notify(self, method: str, params: Any) -> None:
        self.send({"method": method, "params": params})

    def ask(self, method: str, params: Any) -> Future[Any]:
        """The future's result is (answer, seconds)."""
        future: Future[Any] = Future()
        with self._lock:
            self._number += 1
            number = self._number
            self._asked[number] = (future, time.monotonic())
        self.send({"method": method, "params": params, "id": number})
        return future

    def request(self, method: str, params: Any, seconds: float = SECONDS) -> tuple[Any, float]:
        """The answer and the seconds it took. Raises Hung."""
        future = self.ask(method, params)
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            try:
                answer, took = future.result(timeout=0.25)
            except TimeoutError:
                if self.process.poll() is not None and not future.done():
                    break
                continue
            return answer, took
        said = "".join(self.errors[-5:])
        raise Hung(f"no answer to {method} in {seconds:g} s (exit code {self.process.poll()}): {said}")

    # -- a session ---------------------------------------------------------------------------------

    def begin(self) -> dict[str, Any]:
        """`initialize` and `initialized`; how long that took since the start is in `initialized_s`."""
        capabilities = {
            "general": {"positionEncodings": ["utf-16"]},
            "workspace": {
                "configuration": True,
                "applyEdit": True,
                "codeLens": {"refreshSupport": True},
                "workspaceEdit": {"documentChanges": True, "resourceOperations": ["create"]},
                "workspaceFolders": True,
            },
            "window": {"workDoneProgress": True, "showDocument": {"support": True}},
            "textDocument": {
                "codeAction": {
                    "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix", "refactor"]}},
                    "resolveSupport": {"properties": ["edit"]},
                    "dataSupport": True,
                },
                "hover": {"contentFormat": ["markdown"]},
                "publishDiagnostics": {},
            },
        }
        answer, _ = self.request(
            "initialize",
            {
                "processId": os.getpid(),
                "rootUri": self.root.as_uri(),
                "workspaceFolders": [{"uri": self.root.as_uri(), "name": self.root.name}],
                "capabilities": capabilities,
                "initializationOptions": {"genx": {"statusNotifications": True}},
            },
        )
        self.notify("initialized", {})
        self.initialized_s = time.monotonic() - self.started
        return dict(answer or {})

    def end(self, seconds: float = 20.0) -> int:
        """`shutdown` and `exit`; the exit code. Kills what does not end."""
        if self.process.poll() is None:
            with contextlib.suppress(Hung):
                self.request("shutdown", None, seconds)
            self.notify("exit", None)
            assert self.process.stdin is not None
            with contextlib.suppress(OSError):
                self.process.stdin.close()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Hung("the server did not end after `exit`") from None
        finally:
            for stream in (self.process.stdout, self.process.stderr):
                if stream is not None:
                    with contextlib.suppress(OSError):
                        stream.close()

    # -- documents ---------------------------------------------------------------------------------

    def open(self, path: Path) -> Document:
        document = Document(path, path.read_text(encoding="utf-8"))
        item = {"uri": document.uri, "languageId": "python", "version": 1, "text": document.text}
        self.notify("textDocument/didOpen", {"textDocument": item})
        return document

    def close(self, document: Document) -> None:
        self.notify("textDocument/didClose", {"textDocument": {"uri": document.uri}})

    def write(self, document: Document, text: str) -> None:
        """Replace what differs, in one change, as a paste would."""
        old, document.text = document.text, text
        start = _common(old, text)
        end = _common(old[start:][::-1], text[start:][::-1])
        where = {"start": _position(old, start), "end": _position(old, len(old) - end)}
        document.version += 1
        change = {"range": where, "text": text[start : len(text) - end]}
        self.notify(
            "textDocument/didChange",
            {
                "textDocument": {"uri": document.uri, "version": document.version},
                "contentChanges": [change],
            },
        )

    def save(self, document: Document, path: Path | None = None) -> None:
        """`path`: where the file is to be written to, if not where the server is told that it is."""
        with contextlib.suppress(OSError):
            (path or document.path).write_text(document.text, encoding="utf-8")
        self.notify("textDocument/didSave", {"textDocument": {"uri": document.uri}})

    def lenses(self, document: Document) -> tuple[list[Any], float]:
        params = {"textDocument": {"uri": document.uri}}
        answer, took = self.request("textDocument/codeLens", params)
        return list(answer or []), took

    def hover(self, document: Document, line: int) -> tuple[Any, float]:
        params = {"textDocument": {"uri": document.uri}, "position": {"line": line, "character": 4}}
        return self.request("textDocument/hover", params)

    def actions(self, document: Document, line: int) -> tuple[list[Any], float]:
        at = {"line": line, "character": 0}
        params = {
            "textDocument": {"uri": document.uri},
            "range": {"start": at, "end": at},
            "context": {"diagnostics": self.diagnostics.get(document.uri, [])},
        }
        answer, took = self.request("textDocument/codeAction", params)
        return list(answer or []), took

    def title(self, document: Document, line: int) -> str:
        """What the lens on a line says."""
        for lens in self.lenses(document)[0]:
            if lens["range"]["start"]["line"] == line:
                return str(lens["command"]["title"])
        return ""

    def notify_cancel(self) -> None:
        """Stop all work."""
        self.ask("workspace/executeCommand", {"command": "genx.cancel", "arguments": []})

    def idle(self, seconds: float, since: float = 0.0) -> bool:
        """Wait until the server says that it rests; what it said before `since` does not count."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            if self.statuses and self.statuses[-1][0] > since and self.statuses[-1][1] in RESTS:
                return True
            time.sleep(0.01)
        return False

    # -- receiving ---------------------------------------------------------------------------------

    def _read(self) -> None:
        assert self.process.stdout is not None
        stream = self.process.stdout
        with contextlib.suppress(OSError, ValueError):
            while True:
                length = 0
                while (line := stream.readline()).strip():
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.partition(b":")[2])
                if not line and not length:
                    return
                self._receive(json.loads(stream.read(length)), time.monotonic())

    def _receive(self, message: dict[str, Any], now: float) -> None:
        method, number = message.get("method"), message.get("id")
        if method is None:
            with self._lock:
                future, sent = self._asked.pop(number, (None, now))
            if future is not None:
                future.set_result((message.get("result", message.get("error")), now - sent))
        elif number is not None:
            self.send({"id": number, "result": self._answer(method, message.get("params") or {})})
            if method == "workspace/codeLens/refresh":
                self.refreshes.put(now)
        elif method == "genx/status":
            self.statuses.append((now, message["params"]["state"], message["params"]["message"]))
        elif method == "$/progress":
            value = message["params"]["value"]
            if value.get("kind") == "report":
                self.reports.append((now, value.get("message") or "", value.get("percentage") or 0))
        elif method == "window/showMessage":
            self.messages.append(message["params"]["message"])
        elif method == "textDocument/publishDiagnostics":
            self.diagnostics[message["params"]["uri"]] = message["params"]["diagnostics"]

    def _answer(self, method: str, params: dict[str, Any]) -> Any:
        if method == "workspace/configuration":
            return [self.settings for _ in params["items"]]
        if method == "workspace/applyEdit":
            return {"applied": True}
        if method == "window/showDocument":
            return {"success": True}
        return None

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        with contextlib.suppress(OSError, ValueError):
            for line in self.process.stderr:
                self.errors.append(line.decode("utf-8", "replace"))


def _common(one: str, other: str) -> int:
    """How many characters they have in common at the start. By halving: our own time must not count."""
    least, most = 0, min(len(one), len(other))
    while least < most:
        middle = (least + most + 1) // 2
        if one[:middle] == other[:middle]:
            least = middle
        else:
            most = middle - 1
    return least


def _position(text: str, offset: int) -> dict[str, int]:
    before = text[:offset]
    line = before.count("\n")
    last = before[before.rfind("\n") + 1 :]
    return {"line": line, "character": len(last.encode("utf-16-le")) // 2}

"""Edits, saves, requests and cancellations in any order, held against a document of our own.

A bounded number of runs here; `make protocol-runs` makes 500. What is checked: no edit is lost, no range lies
outside the text or in a character, every request is answered exactly once, and a fix changes its line alone.
"""

from __future__ import annotations

import json
import os
import queue
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

SCRIPT = Path(__file__).with_name("scripted_server.py")
RUNS = int(os.environ.get("GENX_PROTOCOL_RUNS", "12"))
SECONDS = 60.0
CANCELLED, STALE = -32800, -32801
UNITS = {
    "utf-8": lambda text: len(text.encode()),
    "utf-16": lambda text: len(text.encode("utf-16-le")) // 2,
    "utf-32": len,
}
BEGINNINGS = (
    "",
    "def step(x):\n    return x - 1\n",
    "def 一歩(x): return ('😀', x - 1)[1]\n\n\ndef b(x):\n    '''😀é'''\n    return x - 1",
    "# 数\r\ndef step(x):\r\n    return x - 1\r\n\r\nclass A:\r\n    def m(x):\r\n        return x - 1\r\n",
    "A = '\x0c\u2028'\n\x0c\ndef feed(x):\n    return x - 1\n",
)
PIECES = ("a", " ", "é", "数", "😀", "👩‍👩‍👧", "\n", "\r\n", "\r", "\x0c", "\u2028", "(", " - 1", "#", "'''",
          "def f(x):\n    return x - 1\n", "\n\ndef g(x):\n    return x - 1\n", "")  # fmt: skip

# What the server does takes its time, so what is drawn must not depend on it: places count modulo the text.
EDITS = st.tuples(
    st.integers(0, 9999),
    st.one_of(st.integers(0, 3), st.integers(0, 60)),
    st.sampled_from(PIECES),
    st.sampled_from([0, 0, 0, 1, 9]),
)


def lines_of(text: str) -> list[str]:
    """Lines without their ends, split as the protocol splits them."""
    return re.split(r"\r\n|\n|\r", text)


def starts_of(text: str) -> list[int]:
    return [0, *(end.end() for end in re.finditer(r"\r\n|\n|\r", text))]


@dataclass
class Counting:
    """Positions in one encoding; written apart from the server's own, which is what is tested."""

    encoding: str

    def position(self, text: str, offset: int) -> dict[str, int]:
        starts = starts_of(text)
        line = max(i for i, start in enumerate(starts) if start <= offset)
        column = min(offset - starts[line], len(lines_of(text)[line]))
        return {"line": line, "character": self.units(lines_of(text)[line][:column])}

    def offset(self, text: str, position: dict[str, int]) -> int:
        """Exactly there: a position that is nowhere is a fault."""
        lines = lines_of(text)
        if position["line"] == len(lines):
            assert position["character"] == 0
            return len(text)
        line = lines[position["line"]]
        for column in range(len(line) + 1):
            if self.units(line[:column]) == position["character"]:
                return starts_of(text)[position["line"]] + column
        raise AssertionError(f"{position} is no place in {line!r}")

    def units(self, text: str) -> int:
        return UNITS[self.encoding](text)


class Peer:
    """A server in a process of its own, and what was asked of it."""

    def __init__(self, folder: Path, encoding: str, able: bool) -> None:
        self.folder, self.counting, self.able = folder, Counting(encoding), able
        self.answers: dict[int, dict[str, Any]] = {}
        self.counted: Counter[int] = Counter()
        self.asked = 0
        self.documents = 0
        (folder / "state").mkdir(parents=True)
        (folder / "pyproject.toml").write_text("[project]\nname = 'p'\n")
        pipe, quiet = subprocess.PIPE, subprocess.DEVNULL
        self.process = subprocess.Popen(
            [sys.executable, str(SCRIPT), str(folder / "state")], stdin=pipe, stdout=pipe, stderr=quiet
        )
        self.inbox: queue.Queue[dict[str, Any]] = queue.Queue()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        capabilities: dict[str, Any] = {"general": {"positionEncodings": [encoding]}, "workspace": {}}
        if able:
            resolving = {"dataSupport": True, "resolveSupport": {"properties": ["edit"]}}
            literals = {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": [""]}}}
            capabilities["textDocument"] = {"codeAction": {**resolving, **literals},
                                            "publishDiagnostics": {"versionSupport": True}}  # fmt: skip
            capabilities["workspace"] = {
                "applyEdit": True,
                "codeLens": {"refreshSupport": True},
                "workspaceEdit": {"documentChanges": True, "resourceOperations": ["create"]},
            }
            capabilities["window"] = {"workDoneProgress": True}
        given = {"processId": os.getpid(), "rootUri": folder.as_uri(), "capabilities": capabilities}
        result = self.answer(self.ask("initialize", given))["result"]
        assert result["capabilities"]["positionEncoding"] == encoding
        self.tell("initialized", {})

    def send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self.process.stdin.flush()

    def tell(self, method: str, params: Any) -> None:
        self.send({"method": method, "params": params})

    def ask(self, method: str, params: Any) -> int:
        self.asked += 1
        self.send({"id": self.asked, "method": method, "params": params})
        return self.asked

    def answer(self, number: int, on_request: Any = None) -> dict[str, Any]:
        """Wait for an answer; what the server asks meanwhile is handed to `on_request`."""
        end = time.monotonic() + SECONDS
        while number not in self.answers:
            message = self.inbox.get(timeout=max(0.01, end - time.monotonic()))
            if "method" not in message:
                self.counted[message["id"]] += 1
                self.answers[message["id"]] = message
            elif "id" in message:
                result = on_request(message) if on_request else None
                self.send({"id": message["id"], "result": result})
            elif on_request:
                on_request(message)
        return self.answers[number]

    def end(self) -> None:
        self.answer(self.ask("shutdown", None))
        self.tell("exit", None)
        assert self.process.wait(SECONDS) == 0
        self.reader.join(SECONDS)
        while not self.inbox.empty():
            message = self.inbox.get()
            assert "method" not in message, f"something was said after shutdown: {message}"
            self.counted[message["id"]] += 1
        assert self.counted == Counter(range(1, self.asked + 1)), "one answer for every request"
        assert self.process.stdin is not None
        self.process.stdin.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        while header := self.process.stdout.readline():
            if header.lower().startswith(b"content-length:"):
                length = int(header.partition(b":")[2])
            elif not header.strip():
                self.inbox.put(json.loads(self.process.stdout.read(length)))


PEERS: list[Peer] = []


@pytest.fixture(scope="module")
def peers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Peer]]:
    sorts = [("utf-8", True), ("utf-16", True), ("utf-32", True), ("utf-16", False), ("utf-8", False)]
    for number, (encoding, able) in enumerate(sorts):
        PEERS.append(Peer(tmp_path_factory.mktemp(f"any-{number}") / "p", encoding, able))
    yield PEERS
    for peer in PEERS:
        peer.process.kill()
        peer.process.wait()
    PEERS.clear()


class AnyOrder(RuleBasedStateMachine):
    """One document of one server."""

    @initialize(number=st.integers(0, 4), text=st.sampled_from(BEGINNINGS))
    def begin(self, number: int, text: str) -> None:
        self.peer = PEERS[number]
        self.counting = self.peer.counting
        self.peer.documents += 1
        self.path = self.peer.folder / f"doc{self.peer.documents}.py"
        self.path.write_bytes(text.encode())
        self.uri, self.text, self.version = self.path.as_uri(), text, 0
        self.texts: dict[int, str] = {}
        self.waiting: list[tuple[int, str, str, bool]] = []
        self.actions: list[dict[str, Any]] = []
        self.open()

    def open(self) -> None:
        self.version += 1
        self.texts[self.version] = self.text
        item = {"uri": self.uri, "languageId": "python", "version": self.version, "text": self.text}
        self.peer.tell("textDocument/didOpen", {"textDocument": item})

    @rule(drawn=st.lists(EDITS, min_size=1, max_size=3))
    def edit(self, drawn: list[tuple[int, int, str, int]]) -> None:
        changes = []
        for place, length, piece, beyond in drawn:
            first = place % (len(self.text) + 1)
            last = min(first + length, len(self.text))
            # No position lies between the two characters of one line's end.
            first -= self.text[:first].endswith("\r") and self.text[first:].startswith("\n")
            last += self.text[:last].endswith("\r") and self.text[last:].startswith("\n")
            start, end = (self.counting.position(self.text, offset) for offset in (first, last))
            if end["character"] == self.counting.units(lines_of(self.text)[end["line"]]):
                # Beyond the end of a line means its end.
                end["character"] += beyond
            changes.append({"range": {"start": start, "end": end}, "text": piece})
            self.text = self.text[:first] + piece + self.text[last:]
        self._changed(changes)

    @rule(places=st.lists(st.integers(0, 9999), min_size=1, max_size=4), piece=st.sampled_from(PIECES))
    def type(self, places: list[int], piece: str) -> None:
        self.edit([(place, 0, piece, 0) for place in places])

    @rule(text=st.sampled_from(BEGINNINGS))
    def replace_all(self, text: str) -> None:
        self.text = text
        self._changed([{"text": text}])

    @rule()
    def save(self) -> None:
        self.path.write_bytes(self.text.encode("utf-8", "surrogatepass"))
        self.peer.tell("textDocument/didSave", {"textDocument": {"uri": self.uri}})

    @rule(what=st.sampled_from(["hover", "codeLens", "codeAction", ""]))
    def close_and_open(self, what: str) -> None:
        """Questions about a document that is closed are answered as well."""
        self.peer.tell("textDocument/didClose", {"textDocument": {"uri": self.uri}})
        if what:
            self.ask(what, 3, False)
        self.open()

    @rule(
        what=st.sampled_from(["hover", "codeLens", "codeAction"]), at=st.integers(0, 12), cancel=st.booleans()
    )
    def ask(self, what: str, at: int, cancel: bool) -> None:
        place = {"line": at, "character": at}
        params: dict[str, Any] = {"textDocument": {"uri": self.uri}}
        if what == "hover":
            params["position"] = place
        if what == "codeAction":
            params |= {
                "range": {"start": {"line": 0, "character": 0}, "end": place},
                "context": {"diagnostics": []},
            }
        self._ask(f"textDocument/{what}", params, cancel)

    @rule(choice=st.integers(0, 9), cancel=st.booleans())
    def resolve(self, choice: int, cancel: bool) -> None:
        if self.actions:
            self._ask("codeAction/resolve", self.actions[choice % len(self.actions)], cancel)

    @rule(
        name=st.sampled_from(
            ["genx.generateTests", "genx.cancel", "genx.applyFix", "genx.dismiss", "genx.restore"]
        ),
        at=st.integers(0, 8),
    )
    def command(self, name: str, at: int) -> None:
        fix = next((a["data"]["fix"] for a in self.actions if a.get("data")), "none")
        where = {"uri": self.uri, "name": "step", "suggestion": fix} if name != "genx.generateTests" else {
            "uri": self.uri, "position": {"line": at, "character": 0}}  # fmt: skip
        self._ask("workspace/executeCommand", {"command": name, "arguments": [where]}, False)

    @rule(text=st.sampled_from(BEGINNINGS[1:]), number=st.integers(2, 99))
    def look_at_fixes(self, text: str, number: int) -> None:
        """Save functions that have changed, wait until nothing is worked on, and ask what can be done."""
        self.replace_all(text.replace("x - 1", f"x * {number} - 1"))
        self.save()
        for _ in range(400):
            params = {"textDocument": {"uri": self.uri}}
            lenses = self.peer.answer(self.peer.ask("textDocument/codeLens", params), self._heard)["result"]
            if lenses and not any("…" in lens["command"]["title"] for lens in lenses):
                break
            time.sleep(0.005)
        self.ask("codeAction", 12, False)
        self.listen()

    @rule()
    def listen(self) -> None:
        """Every request is answered, and every answer fits the text it was given for."""
        waiting, self.waiting = self.waiting, []
        for number, method, text, cancelled in waiting:
            answer = self.peer.answer(number, self._heard)
            if "error" in answer:
                allowed = {CANCELLED} if cancelled else set()
                allowed |= {STALE} if method == "codeAction/resolve" else set()
                assert answer["error"]["code"] in allowed, answer
                continue
            result = answer["result"]
            if method == "textDocument/codeLens":
                for lens in result:
                    self._holds(text, lens["range"])
                    assert "def " in lines_of(text)[lens["range"]["start"]["line"]]
            elif method == "textDocument/codeAction":
                fixes = [a for a in result if a.get("data") or a.get("edit")]
                self.actions = [a for a in fixes if a.get("data")] or self.actions
                for action in fixes:
                    self._mends(text, action.get("edit"))
            elif method == "codeAction/resolve":
                self._mends(text, result["edit"])

    @invariant()
    def same_text(self) -> None:
        """Nothing was lost: the server reads what we read."""
        version = None
        while version != self.version:
            # An edit that the server asks for may come before its answer.
            version = self.version
            text = self.peer.answer(self.peer.ask("test/text", {"uri": self.uri}), self._heard)["result"]
        assert text == self.text

    def teardown(self) -> None:
        if hasattr(self, "peer"):
            self.listen()
            self.peer.tell("textDocument/didClose", {"textDocument": {"uri": self.uri}})

    # -- what lies under the rules -----------------------------------------------------------------

    def _changed(self, changes: list[dict[str, Any]]) -> None:
        self.version += 1
        self.texts[self.version] = self.text
        document = {"uri": self.uri, "version": self.version}
        self.peer.tell("textDocument/didChange", {"textDocument": document, "contentChanges": changes})

    def _ask(self, method: str, params: Any, cancel: bool) -> None:
        number = self.peer.ask(method, params)
        self.waiting.append((number, method, self.text, cancel))
        if cancel:
            self.peer.tell("$/cancelRequest", {"id": number})

    def _heard(self, message: dict[str, Any]) -> Any:
        """What the server says of its own accord: edits are applied as editors do, ranges are checked."""
        params = message.get("params")
        if message["method"] == "textDocument/publishDiagnostics" and params["uri"] == self.uri:
            text = self.texts.get(params.get("version"), None)
            for diagnostic in params["diagnostics"] if text is not None else ():
                self._holds(text, diagnostic["range"])
                line = lines_of(text)[diagnostic["range"]["start"]["line"]]
                assert diagnostic["range"]["end"]["character"] == self.counting.units(line.rstrip())
        if message["method"] != "workspace/applyEdit":
            return None
        changes = params["edit"].get("documentChanges") or []
        for change in changes:
            document = change.get("textDocument")
            if document is None or document["uri"] != self.uri:
                continue
            if document["version"] != self.version:
                return {"applied": False, "failureReason": "it has changed"}
            self._mends(self.text, {"documentChanges": [change]})
            self.text = self._applied(self.text, change["edits"])
            self._changed([{"text": self.text}])
        return {"applied": True}

    def _mends(self, text: str, edit: dict[str, Any] | None) -> None:
        if edit is None:
            return
        edits = [e for c in edit.get("documentChanges") or [] for e in c["edits"]]
        edits += [e for changed in (edit.get("changes") or {}).values() for e in changed]
        before, after = lines_of(text), lines_of(self._applied(text, edits))
        assert len(before) == len(after)
        changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
        assert changed == [(old, old.replace(" - 1", " + 1")) for old, _ in changed]
        assert len(changed) == 1

    def _applied(self, text: str, edits: list[dict[str, Any]]) -> str:
        spots = [
            (
                self.counting.offset(text, e["range"]["start"]),
                self.counting.offset(text, e["range"]["end"]),
                e,
            )
            for e in edits
        ]
        for start, end, edit in sorted(spots, key=lambda spot: spot[0], reverse=True):
            text = text[:start] + edit["newText"] + text[end:]
        return text

    def _holds(self, text: str, where: dict[str, Any]) -> None:
        assert self.counting.offset(text, where["start"]) <= self.counting.offset(text, where["end"])


@pytest.mark.timeout(900)
def test_in_whatever_order_things_come(peers: list[Peer]) -> None:
    run_state_machine_as_test(
        AnyOrder,
        settings=settings(
            max_examples=RUNS,
            stateful_step_count=30,
            deadline=None,
            database=None,
            derandomize=RUNS < 100,
            phases=[Phase.explicit, Phase.generate, *([Phase.shrink] if RUNS < 100 else [])],
            suppress_health_check=list(HealthCheck),
        ),
    )
    for peer in peers:
        peer.end()

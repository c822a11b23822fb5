"""The items grade's side of the talk: one pytest file on one program."""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import replace
from typing import Any

from genx_sandbox.conversation import told
from genx_sandbox.decoding import parse_frame, text_of
from genx_sandbox.errors import ProtocolError
from genx_sandbox.forks import JAIL_ENDED
from genx_sandbox.limits import Limits
from genx_sandbox.outcomes import Grade, ItemResult, ItemsResult
from genx_sandbox.programs import Program, TestFile

_OUTCOMES = ("passed", "failed", "skipped", "error")
_SPLIT_OUTCOMES = ("passed", "failed", "refused", "crash")
_MOST_ITEMS = 10_000
DISTRUSTED = "a test that must fail was reported as passed: something in the program changes results"


def shared_file(file: TestFile, where: dict[str, Any]) -> tuple[bytes, ...]:
    """The test file as the zygote reads it, to write it and compile it once for all programs."""
    text = {"path": str(file.path), "source": file.source}
    return (json.dumps({**where, "file": text}).encode(),)


def shared_split(file: TestFile, where: dict[str, Any]) -> tuple[bytes, ...]:
    """For programs the place alone: what is expected of them is nowhere in their zygote. Then for tests."""
    return (json.dumps(where).encode(), *shared_file(file, where))


class ItemsConversation:
    """Items one after another in one fork; after a crash the rest goes to a new one, within one deadline."""

    _known_outcomes: tuple[str, ...] = _OUTCOMES
    _grade = Grade.ITEMS

    def __init__(self, program: Program, file: TestFile, shared: tuple[bytes, ...], limits: Limits) -> None:
        self._program = program
        self._file = file
        self._limits = limits
        self._collected: list[str] = []
        self._results: dict[str, ItemResult] = {}
        self._running = ""
        self._deaths = 0
        self._error = ""
        self._ended = False
        # A test that must fail, under a name that nobody can guess: a reporter that was made to say "passed"
        # says it of this one too.
        self._canary = f"genx_canary_{secrets.token_hex(8)}" if self._grade is Grade.ITEMS else ""
        self.largest_frame = limits.text_bytes * 8 + 4 * 1024 * 1024
        self.deadline = 0.0
        self.shared = shared

    def requests(self) -> tuple[bytes, ...]:
        """The program, and after a crash only the items still to run."""
        if not self.deadline:
            self.deadline = time.monotonic() + self._limits.items_seconds
        message = {"program": told(self._program), "node_ids": self._rest(), "canary": self._canary}
        return (self._request(message),)

    def _rest(self) -> list[str]:
        left = [name for name in self._collected if name not in self._results]
        return left or list(self._file.node_ids)

    def _request(self, message: dict[str, Any]) -> bytes:
        return json.dumps({**message, "cpu_seconds": self._limits.items_seconds * 4}).encode()

    def hear(self, frame: bytes) -> None:
        """`items` once, then `start` and `item` in turn, then `end`."""
        message = parse_frame(frame)
        if "items" in message:
            names = message["items"]
            if type(names) is not list or len(names) > _MOST_ITEMS or any(type(n) is not str for n in names):
                raise ProtocolError("not a list of items")
            fresh = [name for name in dict.fromkeys(names) if name != self._canary]
            self._collected = self._collected or fresh
        elif "start" in message:
            self._running = text_of(message, "start")
        elif "item" in message:
            name, outcome = text_of(message, "item"), message.get("outcome")
            seconds = message.get("seconds")
            if name != self._running or outcome not in self._known_outcomes or type(seconds) is not float:
                raise ProtocolError("not an item's result")
            self._results[name] = ItemResult(name, outcome, text_of(message, "detail"), seconds, self._grade)
            self._running = ""
        elif "end" in message:
            self._error = text_of(message, "end")
            self._ended = True
        else:
            raise ProtocolError("no such message")

    def ended(self, why: str, timed_out: bool) -> None:
        """Blame the item under way; with none under way, the file."""
        if why == JAIL_ENDED and not self._collected and not self._deaths:
            self._deaths += 1
            return
        self._deaths += 1
        limit = f"longer than {self._limits.items_seconds:g} s"
        if self._running:
            kind, detail = ("timeout", limit) if timed_out else ("crash", why)
            self._results[self._running] = ItemResult(self._running, kind, detail, 0.0, self._grade)  # type: ignore[arg-type]
            self._running = ""
        elif not self._collected:
            self._error = f"collection took {limit}" if timed_out else f"collection ended the process: {why}"
        rest = [name for name in self._collected if name not in self._results]
        if self._over(timed_out) or not rest or self._deaths >= self._limits.deaths or self._error:
            reason = f"not run: the file took {limit}" if timed_out else f"not run: {why}"
            for name in rest:
                self._results[name] = ItemResult(name, "refused", reason, 0.0, self._grade)
            self._ended = True

    def _over(self, timed_out: bool) -> bool:
        """Whether nothing may follow."""
        return timed_out

    @property
    def done(self) -> bool:
        """Whether the last item has its result, or none can have one."""
        return self._ended

    def result(self) -> ItemsResult:
        """The items, in the order in which they were collected."""
        missing = ItemResult("", "refused", "not run", 0.0, self._grade)
        items = tuple(self._results.get(name, missing) for name in self._collected)
        # An item that pytest never reached (`-x` in the project's options) is named, not lost.
        named = tuple(
            i if i.node_id else ItemResult(n, i.outcome, i.detail, 0.0, self._grade)
            for i, n in zip(items, self._collected, strict=True)
        )
        sung = self._results.get(self._canary)
        if sung is None or sung.outcome in ("failed", "crash", "timeout"):
            return ItemsResult(self._program.key, named, self._error)
        return ItemsResult(self._program.key, _distrusted(named), self._error or DISTRUSTED)


def _distrusted(items: tuple[ItemResult, ...]) -> tuple[ItemResult, ...]:
    return tuple(
        replace(i, outcome="error", detail=DISTRUSTED) if i.outcome == "passed" else i for i in items
    )


class SplitConversation(ItemsConversation):
    """Tests in one process, the program in another; each test has a call's time."""

    _known_outcomes = _SPLIT_OUTCOMES
    _grade = Grade.SPLIT

    def requests(self) -> tuple[bytes, ...]:
        """The program; and for the stand-in its name alone."""
        self.deadline = time.monotonic() + 2 * self._limits.load_seconds
        program = told(self._program)
        named = {**program, "source": ""}
        return (
            self._request({"program": program}),
            self._request({"program": named, "node_ids": self._rest()}),
        )

    def hear(self, frame: bytes) -> None:
        """As for items; each frame gives time for the next."""
        super().hear(frame)
        self.deadline = time.monotonic() + self._limits.call_seconds

    def _over(self, timed_out: bool) -> bool:
        return False

"""What the parent says to forks and hears from them, one program at a time, in the values grade."""

from __future__ import annotations

import json
import struct
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any, Protocol

from genx_sandbox.decoding import outcome_of, parse_frame, text_of
from genx_sandbox.errors import ProtocolError
from genx_sandbox.forks import JAIL_ENDED
from genx_sandbox.limits import Limits
from genx_sandbox.outcomes import Outcome, ProgramResult
from genx_sandbox.programs import Call, Program

_HEADER = struct.Struct(">I")


class Frames:
    """Cuts a byte stream into frames, none larger than `largest`."""

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._held = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Whole frames so far. Raises ProtocolError for one too large."""
        self._held += data
        found = []
        while len(self._held) >= 4:
            (length,) = _HEADER.unpack_from(self._held)
            if length > self._largest:
                raise ProtocolError("a frame too large")
            if len(self._held) < 4 + length:
                break
            found.append(bytes(self._held[4 : 4 + length]))
            del self._held[: 4 + length]
        return found


class Conversation(Protocol):
    """One program's way through one or more forks."""

    largest_frame: int
    deadline: float
    shared: tuple[bytes, ...]
    """What forks of a run have in common: one for each process of a program, the one that reports last."""

    def requests(self) -> tuple[bytes, ...]:
        """What the next fork is to do, and before it any partner; starts the clock."""

    def hear(self, frame: bytes) -> None:
        """Take one frame. Raises ProtocolError."""

    def ended(self, why: str, timed_out: bool) -> None:
        """The fork is gone before it was done."""

    @property
    def done(self) -> bool:
        """Whether there is nothing left to ask."""

    def result(self) -> Any:
        """What came of it."""


def place(folder: str, roots: Sequence[str], limits: Limits) -> dict[str, Any]:
    """Where all forks of a run stand, and their limits, as the guest reads them."""
    return {"folder": folder, "import_roots": list(roots), "limits": asdict(limits)}


def told(program: Program) -> dict[str, Any]:
    """A program as the guest reads it."""
    return {
        "module": program.module,
        "path": program.path,
        "source": program.source,
        "is_package": program.is_package,
        "probes": program.probes,
    }


def own_limits(program: Program, limits: Limits) -> Limits:
    """The sandbox's limits, tightened to what the program is allowed."""
    return replace(
        limits,
        call_seconds=min(limits.call_seconds, program.call_seconds or limits.call_seconds),
        deaths=min(limits.deaths, program.deaths or limits.deaths),
    )


def shared_calls(calls: Sequence[Call], where: dict[str, Any]) -> tuple[bytes, ...]:
    """The calls as the guest reads them. Expectations are not here, and nowhere else in the jail."""
    asked = [{"expression": c.expression, "setup": c.setup} for c in calls]
    return (json.dumps({**where, "calls": asked}).encode(),)


class CallsConversation:
    """Every call on one program; after a timeout or a crash the rest goes to a new fork."""

    def __init__(self, program: Program, count: int, shared: tuple[bytes, ...], limits: Limits) -> None:
        self._program = program
        self._count = count
        self.shared = shared
        self._limits = limits = own_limits(program, limits)
        self._outcomes: list[Outcome] = []
        self._loaded = False
        self._load_error = ""
        self._deaths = 0
        self._retried = False
        self.largest_frame = limits.value_bytes * 40 + limits.text_bytes * 8 + 65536
        self.deadline = 0.0

    def requests(self) -> tuple[bytes, ...]:
        """The program, and which call to go on with."""
        first = len(self._outcomes)
        self._loaded = False
        limits = self._limits
        self.deadline = time.monotonic() + limits.load_seconds
        seconds = limits.load_seconds + limits.call_seconds * (self._count - first)
        message = {"program": told(self._program), "first": first, "cpu_seconds": seconds}
        return (json.dumps(message).encode(),)

    def hear(self, frame: bytes) -> None:
        """`load_error` first, then one outcome after another, in order."""
        if self._loaded:
            index, outcome = outcome_of(frame)
            if index != len(self._outcomes) or self.done:
                raise ProtocolError("an outcome out of turn")
            self._outcomes.append(outcome)
        else:
            message = parse_frame(frame)
            error = text_of(message, "load_error")
            self._loaded = True
            if error or "load_error" not in message:
                self._load_error = error or "the program wrote to the sandbox's channel"
        self.deadline = time.monotonic() + self._limits.call_seconds

    def ended(self, why: str, timed_out: bool) -> None:
        """Charge the death to the load or to the call under way."""
        if not self._loaded and why == JAIL_ENDED and not self._retried:
            # Somebody ended the jail while it was being used: no fault of the program. Once, or it is.
            self._retried = True
            return
        if not self._loaded:
            seconds = f"{self._limits.load_seconds:g}"
            self._load_error = (
                f"loading took longer than {seconds} s" if timed_out else f"loading failed: {why}"
            )
            return
        if self.done:
            return
        self._deaths += 1
        if timed_out:
            took = f"longer than {self._limits.call_seconds:g} s"
            self._outcomes.append(Outcome("timeout", detail=took, seconds=self._limits.call_seconds))
        else:
            self._outcomes.append(Outcome("crash", detail=why))
        if self._deaths >= self._limits.deaths:
            why = f"not run: {self._deaths} calls before it ended the process or timed out"
            missing = self._count - len(self._outcomes)
            self._outcomes += [Outcome("refused", detail=why)] * missing

    @property
    def done(self) -> bool:
        """Whether all calls have an outcome, or none can have one."""
        return bool(self._load_error) or (self._loaded and len(self._outcomes) >= self._count)

    def result(self) -> ProgramResult:
        """The outcomes, in order."""
        if self._load_error:
            missing = self._count - len(self._outcomes)
            refused = Outcome("refused", detail=self._load_error)
            return ProgramResult(self._program.key, (*self._outcomes, *[refused] * missing), self._load_error)
        return ProgramResult(self._program.key, tuple(self._outcomes))

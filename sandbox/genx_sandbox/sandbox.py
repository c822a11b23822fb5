"""The way in: one `Sandbox` per workspace, blocking calls, cancellable from any thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Protocol

from genx_sandbox.outcomes import ItemsResult, Level, ProgramResult
from genx_sandbox.programs import Call, Program, TestFile


class Executor(Protocol):
    """What the engine asks of an executor: local processes now, a cluster behind the same words later."""

    @property
    def level(self) -> Level:
        """The level in force."""

    def run_calls(
        self, programs: Sequence[Program], calls: Sequence[Call], cancel: threading.Event | None = None
    ) -> Iterator[ProgramResult]:
        """Run every call on every program (values grade); yield each program's result as it ends."""

    def run_items(
        self, programs: Sequence[Program], file: TestFile, cancel: threading.Event | None = None
    ) -> Iterator[ItemsResult]:
        """Run a pytest file on every program (items grade), each in a fork of its own."""

    def close(self) -> None:
        """End every process of it."""

"""The database as something to lean on: where it is locked, damaged or unwritable, that is told."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from genx_lsp.errors import FeedbackError
from genx_lsp.feedback import tables
from genx_lsp.feedback.database import NewerDatabase, connect, default_path, is_busy, is_damaged, set_aside

_WAITING = 200
"""Writes kept while the file cannot be used; beyond it what was shown is let go, events never are."""
_AGAIN_SECONDS = 5.0
_NEVER = float("inf")

_Operation = Callable[[sqlite3.Connection], None]


class Durable:
    """One SQLite file (`default_path()` unless named), shared safely between processes.

    A file that cannot be used is told in `warnings`, and what happens then is kept in memory: a
    read-only or vanished home, a full disk, or a database of a newer GenX (left untouched). Except for the
    last, the file is tried again now and then and at the end, and what was kept is written to it once it can
    be used. A damaged file is set aside and begun anew. A locked one delays: writes are kept and made later.
    With `strict`, a database of a newer GenX raises `FeedbackError` instead.
    """

    def __init__(self, path: Path | None = None, *, strict: bool = False) -> None:
        self.path = path or default_path()
        self._lock = threading.RLock()
        self._warnings: list[str] = []
        self._waiting: list[tuple[bool, _Operation]] = []
        self._connection: sqlite3.Connection | None = None
        self._unsaved: list[tuple[bool, _Operation]] = []
        """What was done in memory and is to be done to the file once it can be used."""
        self._again_at = _NEVER
        """When the file is tried again (monotonic seconds)."""
        self._closed = False
        self._strict = strict
        with self._lock:
            self._ready()

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences for the user about this file, oldest first."""
        with self._lock:
            return tuple(self._warnings)

    @property
    def in_memory(self) -> bool:
        """Nothing of this session will be there in the next."""
        with self._lock:
            if self._connection is None:
                return False
            row = self._connection.execute("PRAGMA database_list").fetchone()
            return not row[2]

    def clear(self) -> None:
        """Forget everything, on disk too."""
        with self._lock:
            self._waiting.clear()
            self._unsaved.clear()
            connection = self._ready()
            if connection is None:
                raise FeedbackError(_locked(self.path))
            try:
                tables.forget(connection)
            except sqlite3.Error as error:
                raise FeedbackError(_locked(self.path) if is_busy(error) else _unusable(error)) from error

    def close(self) -> None:
        """Make the writes that wait, if they can be made, and close the file."""
        with self._lock:
            if self._closed:
                return
            if self._again_at < _NEVER:
                self._again_at = 0.0
            self._flush()
            self._closed = True
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _read(self, query: str, values: tuple[object, ...] = ()) -> list[Any]:
        """Rows; none while the file is locked or damaged, which is then told."""
        with self._lock:
            self._flush()
            connection = self._ready()
            if connection is None:
                return []
            try:
                return connection.execute(query, values).fetchall()
            except sqlite3.Error as error:
                self._fault(error)
                return []

    def _write(self, operation: _Operation, *, droppable: bool) -> None:
        with self._lock:
            self._waiting.append((droppable, operation))
            self._flush()
            _let_go(self._waiting)

    def _flush(self) -> None:
        self._try_the_file_again()
        # Twice: a fault changes the file under us (set aside, or memory instead), and then it works.
        for _ in range(2):
            connection = self._ready()
            if connection is None or not self._waiting:
                return
            try:
                with tables.transaction(connection):
                    for _, operation in self._waiting:
                        operation(connection)
                if self._again_at < _NEVER:
                    self._unsaved += self._waiting
                    _let_go(self._unsaved)
                self._waiting.clear()
            except sqlite3.Error as error:
                self._fault(error)
                if is_busy(error):
                    return

    def _ready(self) -> sqlite3.Connection | None:
        """The connection, opened anew where need be; None while another process holds the file."""
        if self._closed:
            raise FeedbackError("The feedback store is closed.")
        if self._connection is None:
            try:
                self._connection = connect(self.path)
            except NewerDatabase as error:
                if self._strict:
                    raise
                self._to_memory(f"{error} Until then nothing is remembered.", again=False)
            except sqlite3.Error as error:
                self._fault(error)
            except OSError as error:
                self._to_memory(_unusable(error, self.path))
        return self._connection

    def _fault(self, error: sqlite3.Error) -> None:
        if is_busy(error):
            self._warn(_locked(self.path))
            return
        if is_damaged(error):
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            try:
                aside = set_aside(self.path)
                self._connection = connect(self.path)
                self._warn(
                    f"The feedback database {self.path} was damaged ({error}). It was set aside as "
                    f"{aside.name}, and a new one was begun."
                )
                return
            except (OSError, sqlite3.Error) as again:
                error = again if isinstance(again, sqlite3.Error) else error
        self._to_memory(_unusable(error, self.path))

    def _to_memory(self, says: str, again: bool = True) -> None:
        self._warn(says)
        before, self._connection = self._connection, connect(None)
        if before is not None:
            # What cannot be written to can often still be read.
            with contextlib.suppress(sqlite3.Error):
                before.backup(self._connection)
            before.close()
        self._again_at = time.monotonic() + _AGAIN_SECONDS if again else _NEVER

    def _try_the_file_again(self) -> None:
        """From memory back to the file, with what was kept meanwhile."""
        if self._again_at > time.monotonic():
            return
        self._again_at = time.monotonic() + _AGAIN_SECONDS
        try:
            connection = connect(self.path)
        except (FeedbackError, sqlite3.Error, OSError):
            return
        try:
            with tables.transaction(connection):
                for _, operation in self._unsaved:
                    operation(connection)
        except sqlite3.Error:
            connection.close()
            return
        if self._connection is not None:
            self._connection.close()
        self._connection = connection
        self._unsaved.clear()
        self._again_at = _NEVER

    def _warn(self, says: str) -> None:
        if says not in self._warnings:
            self._warnings.append(says)


def _let_go(writes: list[tuple[bool, _Operation]]) -> None:
    """Of too many, the oldest that may go."""
    while len(writes) > _WAITING:
        oldest = next((i for i, (may_go, _) in enumerate(writes) if may_go), None)
        if oldest is None:
            return
        del writes[oldest]


def _locked(path: Path) -> str:
    return (
        f"The feedback database {path} is locked by another process; what happens meanwhile is kept and "
        "written once it is free."
    )


def _unusable(error: Exception, path: Path | None = None) -> str:
    reason = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
    where = f" {path}" if path else ""
    return (
        f"The feedback database{where} cannot be used ({reason}), so feedback is kept in memory only. It is "
        "written once the file can be used, and gone if that is not so before GenX ends. Make the folder "
        "writable, or name another file in GENX_FEEDBACK."
    )

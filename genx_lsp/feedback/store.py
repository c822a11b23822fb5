"""The store: what was shown and what became of it. Thread-safe; a fault of the file is told, not raised."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, Any, Literal, get_args

import msgspec

from genx_lsp.candidate import CallTest
from genx_lsp.errors import FeedbackError
from genx_lsp.feedback import records, tables
from genx_lsp.feedback.database import NewerDatabase, connect, default_path, is_busy, is_damaged, set_aside
from genx_lsp.findings import Findings
from genx_lsp.target import Target

EventKind = Literal["accepted", "edited", "dismissed", "undone"]

_WAITING = 200
"""Writes kept while the file is locked; beyond it what was shown is let go, events never are."""


@dataclass(frozen=True)
class Event:
    """One reaction. `detail` holds the text as edited, or why it was dismissed."""

    suggestion_id: str
    event: EventKind
    at: str
    """UTC, ISO 8601."""
    detail: str = ""


@dataclass(frozen=True)
class Shown:
    """One suggestion and what became of it."""

    suggestion_id: str
    kind: Literal["test", "fix"]
    path: Path
    qualified_name: str
    title: str
    first_shown: str
    last_shown: str
    times: int
    last_event: EventKind | None = None


_Operation = Callable[[sqlite3.Connection], None]


class FeedbackStore:
    """Feedback in one SQLite file (`default_path()` unless named), shared safely between processes.

    A file that cannot be used is told in `warnings`, and what happens then is kept in memory: a
    read-only or vanished home, or a database of a newer GenX (left untouched). A damaged file is set
    aside and begun anew. A locked one delays: writes are kept and made later. With `strict`, a
    database of a newer GenX raises `FeedbackError` instead.
    """

    def __init__(self, path: Path | None = None, *, strict: bool = False) -> None:
        self.path = path or default_path()
        self._lock = threading.RLock()
        self._warnings: list[str] = []
        self._waiting: list[tuple[bool, _Operation]] = []
        self._connection: sqlite3.Connection | None = None
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

    def shown(self, findings: Findings) -> None:
        """Remember every suggestion in `findings` with its candidates and the matrix."""
        if not findings.tests and not findings.fixes:
            return
        target, now = findings.target, _now()
        body = records.view_body(findings)
        rows = [
            (s.id, kind, str(target.path), target.module, target.qualified_name, s.title, text, now, now)
            for kind, suggestions in (("test", findings.tests), ("fix", findings.fixes))
            for s in suggestions
            for text in (records.suggestion_body(s),)
        ]
        view = (
            hashlib.sha256(body).hexdigest(), now, str(target.path), target.module,
            target.qualified_name, target.ast_hash, findings.scorer, findings.level, body,
        )  # fmt: skip

        self._write(lambda connection: tables.write_shown(connection, view, rows), droppable=True)

    def record(self, suggestion_id: str, event: EventKind, detail: str = "") -> None:
        """Remember a reaction. Raises `ValueError` for an event that is none of the four."""
        if event not in get_args(EventKind):
            raise ValueError(f"{event!r} is no feedback event; there are {', '.join(get_args(EventKind))}.")
        row = (suggestion_id, event, _now(), detail)

        self._write(lambda connection: tables.write_event(connection, row), droppable=False)

    def anchors(self, target: Target) -> tuple[CallTest, ...]:
        """Tests of `target` that were accepted, and neither edited, dismissed nor undone since."""
        rows = self._last_events(target, kind="test", event="accepted")
        tests = (records.accepted_test(body) for _, body in rows)
        return tuple(test for test in tests if test is not None)

    def dismissed(self, target: Target) -> frozenset[str]:
        """Ids of the suggestions for `target` whose last event is a dismissal."""
        return frozenset(
            name for kind in ("test", "fix") for name, _ in self._last_events(target, kind, "dismissed")
        )

    def events(self, suggestion_id: str | None = None) -> tuple[Event, ...]:
        """Reactions, oldest first; those to one suggestion where it is named."""
        rows = self._read(tables.EVENTS, (suggestion_id, suggestion_id))
        return tuple(Event(*row) for row in rows)

    def listed(self, limit: int = 1_000_000) -> tuple[Shown, ...]:
        """Suggestions, newest first, each with its last event."""
        rows = self._read(tables.LISTED, (limit,))
        return tuple(Shown(row[0], row[1], Path(row[2]), *row[3:]) for row in rows)

    def export(self, stream: IO[str]) -> int:
        """Write all of it as JSON lines, one suggestion each with events, target and matrix; count them."""
        rows = self._read(tables.EXPORTED)
        for name, kind, title, body, first, last, times, scorer, level, view in rows:
            content: dict[str, Any] = {
                "id": name, "kind": kind, "title": title, "first_shown": first, "last_shown": last,
                "times": times, "suggestion": msgspec.json.decode(body), "scorer": scorer or "",
                "level": level or "",
                "events": [{"event": e.event, "at": e.at, "detail": e.detail} for e in self.events(name)],
                **(records.view_content(view) if view else {"target": None, "matrix": None}),
            }  # fmt: skip
            stream.write(msgspec.json.encode(content).decode() + "\n")
        return len(rows)

    def clear(self) -> None:
        """Forget everything, on disk too."""
        with self._lock:
            self._waiting.clear()
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
            self._flush()
            self._closed = True
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _last_events(self, target: Target, kind: str, event: str) -> list[tuple[str, str]]:
        values = (str(target.path), target.qualified_name, kind, event)
        rows = self._read(tables.BY_LAST_EVENT, values)
        return [(row[0], row[1]) for row in rows]

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
            if len(self._waiting) > _WAITING:
                oldest = next((i for i, (may_go, _) in enumerate(self._waiting) if may_go), None)
                if oldest is not None:
                    del self._waiting[oldest]

    def _flush(self) -> None:
        # Twice: a fault changes the file under us (set aside, or memory instead), and then it works.
        for _ in range(2):
            connection = self._ready()
            if connection is None or not self._waiting:
                return
            try:
                with tables.transaction(connection):
                    for _, operation in self._waiting:
                        operation(connection)
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
                self._to_memory(f"{error} Until then nothing is remembered.")
            except sqlite3.Error as error:
                self._fault(error)
            except OSError as error:
                self._to_memory(_unusable(error, self.path))
        return self._connection

    def _fault(self, error: sqlite3.Error) -> None:
        if is_busy(error):
            self._warn(_locked(self.path))
            return
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if is_damaged(error):
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

    def _to_memory(self, says: str) -> None:
        self._warn(says)
        self._connection = connect(None)

    def _warn(self, says: str) -> None:
        if says not in self._warnings:
            self._warnings.append(says)


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


def _locked(path: Path) -> str:
    return (
        f"The feedback database {path} is locked by another process; what happens meanwhile is kept and "
        "written once it is free."
    )


def _unusable(error: Exception, path: Path | None = None) -> str:
    reason = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
    where = f" {path}" if path else ""
    return (
        f"The feedback database{where} cannot be used ({reason}), so feedback is kept in memory only and is "
        "gone when GenX ends. Make the folder writable, or name another file in GENX_FEEDBACK."
    )

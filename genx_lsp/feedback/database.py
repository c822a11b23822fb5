"""The feedback database as a file: where it lies, its schema, and what happens when it cannot be used."""

from __future__ import annotations

import os
import sqlite3
from datetime import datetime, timezone
from pathlib import Path

import platformdirs

from genx_lsp.errors import FeedbackError

_BUSY_SECONDS = 1.0
"""How long one statement waits for another process before the caller keeps its work for later."""

_VERSION_1 = """
CREATE TABLE views (
    id INTEGER PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,
    at TEXT NOT NULL,
    path TEXT NOT NULL,
    module TEXT NOT NULL,
    qualified_name TEXT NOT NULL,
    ast_hash TEXT NOT NULL,
    scorer TEXT NOT NULL,
    level TEXT NOT NULL,
    body BLOB NOT NULL  -- zlib of JSON: the target and the pass matrix
);
CREATE INDEX views_by_target ON views (path, qualified_name);
CREATE TABLE suggestions (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('test', 'fix')),
    path TEXT NOT NULL,
    module TEXT NOT NULL,
    qualified_name TEXT NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL,  -- JSON: the suggestion with its evidence
    first_shown TEXT NOT NULL,
    last_shown TEXT NOT NULL,
    times INTEGER NOT NULL DEFAULT 1,
    view INTEGER REFERENCES views (id) ON DELETE SET NULL
);
CREATE INDEX suggestions_by_target ON suggestions (path, qualified_name);
CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    suggestion TEXT NOT NULL,
    event TEXT NOT NULL CHECK (event IN ('accepted', 'edited', 'dismissed', 'undone')),
    at TEXT NOT NULL,
    detail TEXT NOT NULL DEFAULT ''
);
CREATE INDEX events_by_suggestion ON events (suggestion);
"""

_VERSION_2 = """
CREATE TABLE written (
    suggestion TEXT PRIMARY KEY,
    path TEXT NOT NULL,
    name TEXT NOT NULL,
    text TEXT NOT NULL,  -- the test function as it was written
    at TEXT NOT NULL
);
CREATE INDEX written_by_path ON written (path);
CREATE TABLE silenced (
    path TEXT NOT NULL,
    qualified_name TEXT NOT NULL,
    what TEXT NOT NULL,  -- empty: the whole function; else the suspicion that is wrong
    at TEXT NOT NULL,
    PRIMARY KEY (path, qualified_name, what)
);
"""

MIGRATIONS: tuple[str, ...] = (_VERSION_1, _VERSION_2)
"""Script i takes a database from version i to i + 1; a released script is never changed."""

SCHEMA_VERSION = len(MIGRATIONS)


class NewerDatabase(FeedbackError):
    """Written by a newer GenX; it is left untouched."""


def default_path() -> Path:
    """`$GENX_FEEDBACK`, else `feedback.db` in the user's data folder."""
    named = os.environ.get("GENX_FEEDBACK", "")
    return Path(named).expanduser() if named else platformdirs.user_data_path("genx-lsp") / "feedback.db"


def connect(path: Path | None) -> sqlite3.Connection:
    """Open `path` (None: in memory) at the newest schema.

    Raises `NewerDatabase`, `sqlite3.Error` and `OSError`; for the first the file is as it was.
    """
    if path is None:
        connection = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
    else:
        _refuse_newer(path)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Suggestions hold the user's code: readable by nobody else, from the first byte on.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        connection = sqlite3.connect(
            path, timeout=_BUSY_SECONDS, check_same_thread=False, isolation_level=None
        )
    try:
        if path is not None:
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if verdict != "ok":
                raise sqlite3.DatabaseError(str(verdict))
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        _migrate(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _refuse_newer(path: Path) -> None:
    """Look at the version without leaving a trace: SQLite's header keeps it at byte 60."""
    try:
        with path.open("rb") as file:
            header = file.read(100)
    except OSError:
        return
    if len(header) == 100 and header.startswith(b"SQLite format 3\0"):
        _check_version(int.from_bytes(header[60:64], "big"), path)


def _check_version(version: int, path: Path | None) -> None:
    if version > len(MIGRATIONS):
        raise NewerDatabase(
            f"The feedback database {path} was written by a newer GenX (schema {version}; this one knows "
            f"{len(MIGRATIONS)}). It is left untouched: update GenX, or name another file in GENX_FEEDBACK."
        )


def _migrate(connection: sqlite3.Connection, path: Path | None) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    _check_version(version, path)
    if version == len(MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have been here between the look and the lock.
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        for number in range(version, len(MIGRATIONS)):
            for statement in MIGRATIONS[number].split(";\n"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number + 1}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def set_aside(path: Path) -> Path:
    """Move a database that cannot be read out of the way, with its write-ahead log; say where to."""
    stamp = datetime.now(timezone.utc).strftime("%Y%m%d-%H%M%S")
    aside = path.with_name(f"{path.name}.broken-{stamp}")
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.broken-{stamp}-{number}")
    path.replace(aside)
    for suffix in ("-wal", "-shm"):
        companion = path.with_name(path.name + suffix)
        if companion.exists():
            companion.replace(aside.with_name(aside.name + suffix))
    return aside


def is_busy(error: sqlite3.Error) -> bool:
    """Another process holds the lock; waiting helps."""
    return isinstance(error, sqlite3.OperationalError) and any(
        word in str(error).lower() for word in ("locked", "busy")
    )


def is_damaged(error: sqlite3.Error) -> bool:
    """The file's bytes are no database (any more); waiting does not help."""
    return type(error) is sqlite3.DatabaseError or "malformed" in str(error).lower()

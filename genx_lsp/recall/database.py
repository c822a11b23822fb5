"""The cache of outcomes as a file: bounded, shared by every session of this user, and never worth a fault.

Whatever goes wrong here costs a run in the sandbox and nothing else. A file that is damaged, or that a
newer GenX wrote, is dropped with a sentence in the log; a disk that is full or cannot be written to is
told once and tried again later.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import platformdirs

_log = logging.getLogger(__name__)

SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS outcomes (
    key BLOB PRIMARY KEY,  -- digest of the program and of everything that it stands on
    used INTEGER NOT NULL,  -- seconds since the epoch
    body BLOB NOT NULL  -- zlib of MessagePack
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS outcomes_by_use ON outcomes (used);
"""
_BUSY_SECONDS = 0.2
"""How long a statement waits for another session. A run in the sandbox takes about as long."""
_AGAIN_SECONDS = 60.0
"""When a cache that could not be opened or written is tried again."""
_ASKED_AT_ONCE = 500
"""Keys in one query; SQLite takes 999 variables where it was built long ago."""
_TOUCHED_SECONDS = 3_600
"""Being used is noted to the hour: a read that writes each time would wear the disk for nothing."""
_KEEP = 0.8
"""Share of the bound that stays when the oldest rows make room."""


def default_path() -> Path:
    """`$GENX_CACHE`, else `outcomes.db` in the user's cache folder. Raises `RuntimeError` without a home."""
    named = os.environ.get("GENX_CACHE", "")
    return Path(named).expanduser() if named else platformdirs.user_cache_path("genx-lsp") / "outcomes.db"


class OutcomeStore:
    """Bytes by key in one SQLite file of at most about `max_bytes`. Thread-safe; opened when first asked."""

    def __init__(self, path: Path | None = None, max_bytes: int = 64 * 1024 * 1024) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._not_before = 0.0
        self._told: set[str] = set()

    def read(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """The bodies that are there; none where the cache cannot be read."""
        found: dict[bytes, bytes] = {}
        with self._lock:
            connection = self._open()
            if connection is None:
                return found
            now = int(time.time())
            stale: list[tuple[int, bytes]] = []
            try:
                for start in range(0, len(keys), _ASKED_AT_ONCE):
                    part = list(keys[start : start + _ASKED_AT_ONCE])
                    marks = ",".join("?" * len(part))
                    rows = connection.execute(
                        f"SELECT key, used, body FROM outcomes WHERE key IN ({marks})", part
                    )
                    for key, used, body in rows:
                        found[bytes(key)] = bytes(body)
                        if abs(now - int(used)) > _TOUCHED_SECONDS:
                            stale.append((now, key))
            except (sqlite3.Error, TypeError, ValueError) as error:
                self._failed(error)
                return found
            if stale:
                with contextlib.suppress(sqlite3.Error):
                    connection.executemany("UPDATE outcomes SET used = ? WHERE key = ?", stale)
        return found

    def write(self, rows: Mapping[bytes, bytes]) -> None:
        """Keep these, and let go of what was not used for longest where there is no room."""
        if not rows:
            return
        with self._lock:
            connection = self._open()
            if connection is None:
                return
            now = int(time.time())
            try:
                with _transaction(connection):
                    connection.executemany(
                        "INSERT OR REPLACE INTO outcomes (key, used, body) VALUES (?, ?, ?)",
                        [(key, now, body) for key, body in rows.items()],
                    )
                self._make_room(connection)
            except sqlite3.Error as error:
                self._failed(error)

    def close(self) -> None:
        """Close the file; the next `read` or `write` opens it again."""
        with self._lock:
            self._close()

    def _make_room(self, connection: sqlite3.Connection) -> None:
        used = _used_bytes(connection)
        if used <= self._max_bytes:
            return
        spare, dropped = used - int(self._max_bytes * _KEEP), []
        with _transaction(connection):
            # Only as many are looked at as go: a full cache has some hundred thousand.
            for key, size in connection.execute("SELECT key, length(body) FROM outcomes ORDER BY used"):
                # A row takes its key twice, for the index, and some bytes of SQLite's own.
                spare -= size + 2 * len(key) + 32
                dropped.append((key,))
                if spare <= 0:
                    break
            connection.executemany("DELETE FROM outcomes WHERE key = ?", dropped)
        connection.execute("PRAGMA incremental_vacuum")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _open(self) -> sqlite3.Connection | None:
        if self._connection is not None or time.monotonic() < self._not_before:
            return self._connection
        try:
            path = self._path or default_path()
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._connection = _connect(path)
        except (sqlite3.Error, OSError, RuntimeError) as error:
            self._failed(error)
        return self._connection

    def _failed(self, error: Exception) -> None:
        self._close()
        if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
            return  # Another session is writing: this time without the cache.
        if isinstance(error, _Unusable) or _is_damaged(error):
            says = str(error) if isinstance(error, _Unusable) else f"it is damaged ({error})"
            if self._drop():
                self._tell(f"The cache of outcomes was dropped and starts anew: {says}.")
                return
        self._not_before = time.monotonic() + _AGAIN_SECONDS
        self._tell(f"Outcomes cannot be kept on disk, so they are run again when they are needed: {error}.")

    def _tell(self, sentence: str) -> None:
        if sentence not in self._told:
            self._told.add(sentence)
            _log.warning("%s", sentence)

    def _drop(self) -> bool:
        try:
            path = self._path or default_path()
            for suffix in ("", "-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
        except (OSError, RuntimeError):
            return False
        return True

    def _close(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None


class _Unusable(sqlite3.DatabaseError):
    """Not a cache that this GenX can read."""


def _connect(path: Path) -> sqlite3.Connection:
    # It holds what the user's functions returned: readable by nobody else, from the first byte on.
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, check_same_thread=False, isolation_level=None)
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            raise _Unusable("a newer GenX wrote it")
        if version < SCHEMA_VERSION:
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        # What a power cut loses is run again.
        connection.execute("PRAGMA synchronous = OFF")
        if version < SCHEMA_VERSION:
            connection.executescript(_SCHEMA)
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("SELECT key, used, body FROM outcomes LIMIT 1").fetchone()
    except sqlite3.OperationalError as error:
        connection.close()
        if "no such" in str(error):
            raise _Unusable("it is not laid out as one") from error
        raise
    except BaseException:
        connection.close()
        raise
    return connection


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _used_bytes(connection: sqlite3.Connection) -> int:
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    return int((pages - free) * size)


def _is_damaged(error: Exception) -> bool:
    return isinstance(error, sqlite3.DatabaseError) and (
        type(error) is sqlite3.DatabaseError or "malformed" in str(error).lower()
    )

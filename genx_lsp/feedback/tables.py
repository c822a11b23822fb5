"""The statements on the feedback database's tables, each with the rule it keeps."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

_VIEWS_KEPT = 2_000
"""Matrices of suggestions that nobody reacted to; older ones go. At some 50 kB each: 100 MB at most."""

EVENTS = "SELECT suggestion, event, at, detail FROM events WHERE ? IS NULL OR suggestion = ? ORDER BY id"
"""Reactions, oldest first; parameters: one suggestion's id or NULL, twice."""

_LAST_EVENT = "(SELECT event FROM events WHERE suggestion = suggestions.id ORDER BY events.id DESC LIMIT 1)"

LISTED = (
    "SELECT id, kind, path, qualified_name, title, first_shown, last_shown, times,"
    f" {_LAST_EVENT} FROM suggestions ORDER BY last_shown DESC, rowid DESC LIMIT ?"
)
"""Suggestions with their last event, newest first."""

BY_LAST_EVENT = (
    "SELECT id, body FROM suggestions WHERE path = ? AND qualified_name = ? AND kind = ?"
    f" AND {_LAST_EVENT} = ? ORDER BY rowid"
)
"""A target's suggestions of one kind whose last event is the given one."""

EXPORTED = (
    "SELECT s.id, s.kind, s.title, s.body, s.first_shown, s.last_shown, s.times, v.scorer, v.level, v.body"
    " FROM suggestions s LEFT JOIN views v ON v.id = s.view ORDER BY s.rowid"
)
"""Everything about every suggestion except its events."""

WRITTEN = (
    "SELECT suggestion, name, text,"
    " (SELECT event FROM events WHERE suggestion = written.suggestion ORDER BY events.id DESC LIMIT 1),"
    " (SELECT detail FROM events WHERE suggestion = written.suggestion ORDER BY events.id DESC LIMIT 1)"
    " FROM written WHERE path = ? ORDER BY rowid"
)
"""The tests that were written to a file, each with its last event and that one's detail."""

WRITTEN_PATHS = (
    "SELECT DISTINCT w.path FROM written w JOIN suggestions s ON s.id = w.suggestion"
    " WHERE s.path = ? AND s.qualified_name = ?"
)
"""The files that tests of a target were written to."""

SILENCED = "SELECT what FROM silenced WHERE path = ? AND qualified_name = ?"
"""What is not to be said of a target any more."""

ALL_SILENCED = "SELECT path, qualified_name, what, at FROM silenced ORDER BY at DESC, rowid DESC"
"""The same of all of them, newest first."""

_REACTED = "SELECT s.view FROM suggestions s JOIN events e ON e.suggestion = s.id WHERE s.view IS NOT NULL"


def write_shown(
    connection: sqlite3.Connection, view: Sequence[object], suggestions: Sequence[Sequence[object]]
) -> None:
    """Keep what was shown together.

    `view`: digest, at, path, module, qualified_name, ast_hash, scorer, level, body. Each suggestion: id,
    kind, path, module, qualified_name, title, body, first_shown, last_shown.
    """
    connection.execute(
        "INSERT INTO views (digest, at, path, module, qualified_name, ast_hash, scorer, level, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (digest) DO UPDATE SET at = excluded.at",
        view,
    )
    (number,) = connection.execute("SELECT id FROM views WHERE digest = ?", view[:1]).fetchone()
    # A suggestion that was reacted to keeps the matrix it was reacted to with.
    connection.executemany(
        "INSERT INTO suggestions (id, kind, path, module, qualified_name, title, body,"
        " first_shown, last_shown, view) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET title = excluded.title, last_shown = excluded.last_shown,"
        " times = times + 1,"
        " body = CASE WHEN id IN (SELECT suggestion FROM events) THEN body ELSE excluded.body END,"
        " view = CASE WHEN id IN (SELECT suggestion FROM events) THEN view ELSE excluded.view END",
        [(*suggestion, number) for suggestion in suggestions],
    )
    _, _, path, _, qualified_name, *_ = view
    _prune(connection, path, qualified_name, number)


def _prune(connection: sqlite3.Connection, path: object, qualified_name: object, newest: int) -> None:
    """Let go of matrices that a newer one replaced, and of the oldest, unless somebody reacted to them."""
    connection.execute(
        f"DELETE FROM views WHERE path = ? AND qualified_name = ? AND id <> ? AND id NOT IN ({_REACTED})",
        (path, qualified_name, newest),
    )
    connection.execute(
        f"DELETE FROM views WHERE id NOT IN ({_REACTED}) AND id NOT IN"
        " (SELECT id FROM views ORDER BY at DESC, id DESC LIMIT ?)",
        (_VIEWS_KEPT,),
    )


def write_event(connection: sqlite3.Connection, event: Sequence[object]) -> None:
    """Keep a reaction: suggestion, event, at, detail."""
    connection.execute("INSERT INTO events (suggestion, event, at, detail) VALUES (?, ?, ?, ?)", event)


def write_written(connection: sqlite3.Connection, rows: Sequence[Sequence[object]]) -> None:
    """Keep where tests were written: suggestion, path, name, text, at. The newest place counts."""
    connection.executemany(
        "INSERT INTO written (suggestion, path, name, text, at) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (suggestion) DO UPDATE SET path = excluded.path, name = excluded.name,"
        " text = excluded.text, at = excluded.at",
        rows,
    )


def write_silenced(connection: sqlite3.Connection, row: Sequence[object]) -> None:
    """Say no more of a target: path, qualified_name, what, at."""
    connection.execute(
        "INSERT OR REPLACE INTO silenced (path, qualified_name, what, at) VALUES (?, ?, ?, ?)", row
    )


def restore(connection: sqlite3.Connection, path: str, qualified_name: str, at: str) -> None:
    """Take back every dismissal of a target: silence ends, and dismissed suggestions count as undone."""
    connection.execute("DELETE FROM silenced WHERE path = ? AND qualified_name = ?", (path, qualified_name))
    connection.execute(
        "INSERT INTO events (suggestion, event, at, detail)"
        " SELECT id, 'undone', ?, 'restored' FROM suggestions"
        f" WHERE path = ? AND qualified_name = ? AND {_LAST_EVENT} = 'dismissed'",
        (at, path, qualified_name),
    )


def forget(connection: sqlite3.Connection) -> None:
    """Empty every table, and the file of what was in them."""
    with transaction(connection):
        for table in ("events", "suggestions", "views", "written", "silenced"):
            connection.execute(f"DELETE FROM {table}")
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of it or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise

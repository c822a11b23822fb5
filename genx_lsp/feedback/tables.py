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


def forget(connection: sqlite3.Connection) -> None:
    """Empty every table, and the file of what was in them."""
    with transaction(connection):
        for table in ("events", "suggestions", "views"):
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

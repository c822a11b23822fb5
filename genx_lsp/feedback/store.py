"""The store: what was shown and what became of it. Thread-safe; a fault of the file is told, not raised."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, Any, Literal, get_args

import msgspec

from genx_lsp.candidate import CallTest
from genx_lsp.feedback import records, tables
from genx_lsp.feedback.durable import Durable
from genx_lsp.feedback.written import WrittenTest, fate, functions_in
from genx_lsp.findings import Findings
from genx_lsp.target import Target

EventKind = Literal["accepted", "edited", "dismissed", "undone"]


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


class FeedbackStore(Durable):
    """What was shown, what became of it, and what is not to be said again."""

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

    def wrote(self, tests: Sequence[WrittenTest]) -> None:
        """Tests were accepted and written; what becomes of them is seen by `look_again`."""
        now = _now()
        rows = [(name, str(t.path), t.name, t.text, now) for t in tests for name in t.suggestions]
        events = [(row[0], "accepted", now, "") for row in rows]

        def write(connection: sqlite3.Connection) -> None:
            tables.write_written(connection, rows)
            for event in events:
                tables.write_event(connection, event)

        self._write(write, droppable=False)

    def look_again(self, path: Path, source: str | None) -> None:
        """Hold a test file (None: it is gone) against what was written there.

        A test that changed since counts as edited, with its text; one that is gone as undone; one that is
        back as accepted again. A file that does not parse says nothing.
        """
        now = functions_in(source) if source is not None else {}
        if now is None:
            return
        written = self._read(tables.WRITTEN, (str(path),))
        others = {row[1] for row in written}
        for name, test, text, event, detail in written:
            became, edited = fate(test, text, now, others)
            if event in ("accepted", "edited", "undone") and (became, edited) != (
                event,
                detail if event == "edited" else "",
            ):
                self.record(name, became, edited)

    def written_to(self, target: Target) -> tuple[Path, ...]:
        """The files that tests of a target were written to."""
        rows = self._read(tables.WRITTEN_PATHS, (str(target.path), target.qualified_name))
        return tuple(Path(row[0]) for row in rows)

    def silence(self, path: Path, qualified_name: str, what: str = "") -> None:
        """Say nothing of a function any more; or not again what `what` names (a suspicion that is wrong)."""
        row = (str(path), qualified_name, what, _now())
        self._write(lambda connection: tables.write_silenced(connection, row), droppable=False)

    def silenced(self, target: Target) -> frozenset[str]:
        """What is not to be said of a function; the empty string stands for all of it."""
        rows = self._read(tables.SILENCED, (str(target.path), target.qualified_name))
        return frozenset(row[0] for row in rows)

    def all_silenced(self) -> tuple[tuple[Path, str, str], ...]:
        """Path, function and what is not to be said of it (empty: all), newest first."""
        return tuple((Path(row[0]), row[1], row[2]) for row in self._read(tables.ALL_SILENCED))

    def restore(self, path: Path, qualified_name: str) -> None:
        """Take back every dismissal of a function."""
        at = _now()
        self._write(
            lambda connection: tables.restore(connection, str(path), qualified_name, at), droppable=False
        )

    def anchors(self, target: Target) -> tuple[CallTest, ...]:
        """Tests of `target` that were accepted, and neither edited, dismissed nor undone since."""
        rows = self._last_events(target, kind="test", event="accepted")
        tests = (records.accepted_test(body) for _, body in rows)
        return tuple(test for test in tests if test is not None)

    def dismissed(self, target: Target) -> frozenset[str]:
        """Ids and keys of the suggestions for `target` whose last event is a dismissal.

        The id of a suggestion changes with its function, the key of the test or program in it does not.
        """
        return frozenset(
            known
            for kind in ("test", "fix")
            for name, body in self._last_events(target, kind, "dismissed")
            for known in (name, records.candidate_key(body))
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

    def _last_events(self, target: Target, kind: str, event: str) -> list[tuple[str, str]]:
        values = (str(target.path), target.qualified_name, kind, event)
        rows = self._read(tables.BY_LAST_EVENT, values)
        return [(row[0], row[1]) for row in rows]


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")

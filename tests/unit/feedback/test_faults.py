"""A file that cannot be used is told in a sentence; nothing that was accepted is lost for it."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

import pytest

from genx_lsp.errors import FeedbackError
from genx_lsp.feedback import SCHEMA_VERSION, FeedbackStore, database
from genx_lsp.findings import Findings


def _digest(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    path = tmp_path / "feedback.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE dreams (id)")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    return path


def test_a_newer_database_is_left_untouched_and_memory_used(newer: Path, findings: Findings):
    before = _digest(newer.parent)

    store = FeedbackStore(newer)
    store.shown(findings)
    store.record("s1", "accepted")

    (warning,) = store.warnings
    assert "newer GenX" in warning
    assert "left untouched" in warning
    assert len(store.anchors(findings.target)) == 1
    store.close()
    assert _digest(newer.parent) == before


def test_a_newer_database_is_refused_where_asked_for(newer: Path):
    with pytest.raises(FeedbackError, match="newer GenX"):
        FeedbackStore(newer, strict=True)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda data: b"this is no database" * 100, id="other bytes"),
        pytest.param(lambda data: data[: len(data) // 2], id="truncated"),
        pytest.param(lambda data: data[:4096] + b"\xff" * (len(data) - 4096), id="overwritten"),
    ],
)
def test_a_damaged_database_is_set_aside_and_begun_anew(tmp_path: Path, findings: Findings, damage):
    path = tmp_path / "feedback.db"
    first = FeedbackStore(path)
    for _ in range(3):
        first.shown(findings)
    first.close()
    damaged = damage(path.read_bytes())
    path.write_bytes(damaged)

    store = FeedbackStore(path)
    store.shown(findings)

    (warning,) = store.warnings
    assert "set aside" in warning
    (aside,) = tmp_path.glob("feedback.db.broken-*")
    assert aside.name in warning
    assert aside.read_bytes() == damaged
    assert len(store.listed()) == 4
    assert not store.in_memory
    store.close()


def test_an_empty_file_is_a_new_database(tmp_path: Path, findings: Findings):
    (tmp_path / "feedback.db").touch()

    store = FeedbackStore(tmp_path / "feedback.db")
    store.shown(findings)

    assert store.warnings == ()
    assert len(store.listed()) == 4
    store.close()


def test_a_folder_that_cannot_be_made_means_memory_and_a_warning(tmp_path: Path, findings: Findings):
    (tmp_path / "file").touch()

    store = FeedbackStore(tmp_path / "file" / "feedback.db")
    store.shown(findings)
    store.record("s1", "accepted")

    (warning,) = store.warnings
    assert "in memory only" in warning
    assert store.in_memory
    assert len(store.anchors(findings.target)) == 1
    store.close()


def test_what_was_kept_in_memory_is_written_once_there_is_a_folder(tmp_path: Path, findings: Findings):
    place = tmp_path / "file"
    place.touch()
    store = FeedbackStore(place / "feedback.db")
    store.shown(findings)
    store.record("s1", "accepted")
    place.unlink()

    store.close()

    again = FeedbackStore(place / "feedback.db")
    assert again.warnings == ()
    assert len(again.anchors(findings.target)) == 1
    again.close()


def test_the_file_is_tried_again_while_the_session_goes_on(
    tmp_path: Path, findings: Findings, monkeypatch: pytest.MonkeyPatch
):
    place = tmp_path / "file"
    place.touch()
    store = FeedbackStore(place / "feedback.db")
    store.record("s1", "accepted")
    place.unlink()
    monkeypatch.setattr("genx_lsp.feedback.durable._AGAIN_SECONDS", 0.0)
    monkeypatch.setattr(store, "_again_at", 0.0)

    store.record("s2", "dismissed")

    assert not store.in_memory
    other = FeedbackStore(place / "feedback.db")
    assert [event.suggestion_id for event in other.events()] == ["s1", "s2"]
    other.close()
    store.close()


def test_a_disk_that_fills_up_takes_nothing_away_and_keeps_what_comes_afterwards(
    tmp_path: Path, findings: Findings, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "feedback.db"
    really, limits = database.connect, [1]

    def small(named: Path | None) -> sqlite3.Connection:
        connection = really(named)
        if named is not None and limits:
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count = {pages + limits[0]}")
        return connection

    monkeypatch.setattr("genx_lsp.feedback.durable.connect", small)
    store = FeedbackStore(path)
    store.silence(findings.target.path, findings.target.qualified_name)
    for number in range(200):
        store.record(f"s{number}", "edited", "x" * 500)
    assert "full" in store.warnings[0]
    assert store.in_memory
    assert store.silenced(findings.target) == {""}

    limits.clear()
    store.close()

    again = FeedbackStore(path)
    assert len(again.events()) == 200
    again.close()


def test_a_database_that_turns_read_only_means_memory_and_a_warning(
    tmp_path: Path, findings: Findings, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "feedback.db"
    FeedbackStore(path).close()
    really = database.connect

    def read_only(named: Path | None) -> sqlite3.Connection:
        connection = really(named)
        if named is not None:
            connection.execute("PRAGMA query_only = ON")
        return connection

    monkeypatch.setattr("genx_lsp.feedback.durable.connect", read_only)
    store = FeedbackStore(path)
    store.shown(findings)
    store.record("s1", "accepted")

    assert "in memory only" in store.warnings[0]
    assert len(store.anchors(findings.target)) == 1
    store.close()


def test_what_happens_while_it_is_locked_is_written_afterwards(
    tmp_path: Path, findings: Findings, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.05)
    path = tmp_path / "feedback.db"
    FeedbackStore(path).close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")

    store = FeedbackStore(path)
    store.shown(findings)
    store.record("s1", "accepted")
    assert "locked by another process" in store.warnings[0]
    other.execute("COMMIT")
    other.close()

    assert [e.event for e in store.events()] == ["accepted"]
    assert len(store.listed()) == 4
    store.close()
    again = FeedbackStore(path)
    assert [e.event for e in again.events()] == ["accepted"]
    again.close()


def test_clearing_a_locked_database_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.05)
    path = tmp_path / "feedback.db"
    store = FeedbackStore(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")

    with pytest.raises(FeedbackError, match="locked"):
        store.clear()

    other.close()
    store.close()


def test_an_older_database_is_migrated_with_its_content(
    tmp_path: Path, findings: Findings, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "feedback.db"
    old = FeedbackStore(path)
    old.shown(findings)
    old.record("s1", "accepted")
    old.close()
    monkeypatch.setattr(
        database,
        "MIGRATIONS",
        (
            *database.MIGRATIONS,
            "ALTER TABLE events ADD COLUMN mood TEXT;\nCREATE INDEX moods ON events (mood);\n",
        ),
    )

    store = FeedbackStore(path)

    assert store.warnings == ()
    assert [e.event for e in store.events()] == ["accepted"]
    store.close()
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION + 1,)
        assert (
            "mood" in connection.execute("SELECT sql FROM sqlite_master WHERE name = 'events'").fetchone()[0]
        )
    connection.close()


def test_a_migration_that_fails_leaves_the_old_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "feedback.db"
    store = FeedbackStore(path)
    store.record("s1", "accepted")
    store.record("s2", "accepted")
    store.close()
    with monkeypatch.context() as patch:
        fails = "CREATE TABLE b (id);\nCREATE UNIQUE INDEX one ON events (event);\n"
        patch.setattr(database, "MIGRATIONS", (*database.MIGRATIONS, fails))
        store = FeedbackStore(path)
        assert store.in_memory
        store.close()

    store = FeedbackStore(path)

    assert store.warnings == ()
    assert len(store.events()) == 2
    store.close()

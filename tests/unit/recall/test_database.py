"""The file of outcomes: bounded, shared, private, and dropped with a sentence when it is of no use."""

from __future__ import annotations

import logging
import os
import sqlite3
import stat
from pathlib import Path

import pytest

from genx_lsp.recall import OutcomeStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "outcomes.db"


def test_what_was_written_is_read_by_the_next_session(path: Path) -> None:
    first = OutcomeStore(path)
    first.write({b"a": b"1", b"b": b"2"})
    first.close()

    second = OutcomeStore(path)

    assert second.read([b"a", b"b", b"c"]) == {b"a": b"1", b"b": b"2"}
    second.close()


def test_two_sessions_share_it_at_once(path: Path) -> None:
    one, other = OutcomeStore(path), OutcomeStore(path)
    one.write({b"a": b"1"})
    other.write({b"b": b"2"})

    assert one.read([b"a", b"b"]) == other.read([b"a", b"b"]) == {b"a": b"1", b"b": b"2"}
    one.close()
    other.close()


def test_it_stays_within_its_bound_and_lets_the_oldest_go(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = OutcomeStore(path, max_bytes=512 * 1024)
    for number in range(40):
        monkeypatch.setattr("time.time", lambda number=number: 1_000_000 + number)
        store.write({b"%d" % number: os.urandom(50_000)})
    store.close()

    assert sum(f.stat().st_size for f in path.parent.iterdir()) < 1024 * 1024
    again = OutcomeStore(path)
    assert b"39" in again.read([b"39"])
    assert again.read([b"0"]) == {}
    again.close()


def test_nobody_else_can_read_it(path: Path) -> None:
    store = OutcomeStore(path)
    store.write({b"a": b"1"})

    assert all(stat.S_IMODE(f.stat().st_mode) == 0o600 for f in path.parent.iterdir())
    store.close()


def test_a_damaged_one_is_dropped_with_a_sentence(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path.parent.mkdir()
    path.write_bytes(b"SQLite format 3\0" + os.urandom(4_000))
    store = OutcomeStore(path)

    with caplog.at_level(logging.WARNING):
        assert store.read([b"a"]) == {}
        store.write({b"a": b"1"})

    assert store.read([b"a"]) == {b"a": b"1"}
    assert [r.message.split(":")[0] for r in caplog.records] == [
        "The cache of outcomes was dropped and starts anew"
    ]
    store.close()


def test_one_that_is_damaged_in_the_middle_is_dropped_too(path: Path) -> None:
    store = OutcomeStore(path)
    store.write({b"%d" % n: os.urandom(1_000) for n in range(200)})
    store.close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(size - 4096))

    again = OutcomeStore(path)
    for _ in range(2):
        again.read([b"%d" % n for n in range(200)])
    again.write({b"a": b"1"})

    assert again.read([b"a"]) == {b"a": b"1"}
    again.close()


def test_a_newer_one_is_dropped_with_a_sentence(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    store = OutcomeStore(path)

    with caplog.at_level(logging.WARNING):
        store.write({b"a": b"1"})
        store.write({b"b": b"2"})

    assert store.read([b"a", b"b"]) == {b"b": b"2"}
    assert "a newer GenX wrote it" in caplog.text
    store.close()


def test_a_locked_one_is_passed_over(path: Path) -> None:
    store = OutcomeStore(path)
    store.write({b"a": b"1"})
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")

    store.write({b"b": b"2"})

    other.execute("ROLLBACK")
    other.close()
    assert store.read([b"a"]) == {b"a": b"1"}
    store.close()


def test_without_a_place_it_says_so_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    store = OutcomeStore(tmp_path / "file" / "outcomes.db")

    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            store.write({b"a": b"1"})
            assert store.read([b"a"]) == {}

    assert len(caplog.records) == 1
    assert caplog.records[0].message.startswith("Outcomes cannot be kept on disk")

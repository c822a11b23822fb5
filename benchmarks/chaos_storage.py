"""Trials of what is kept on disk: no room, no home, databases that are locked, damaged or newer."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from pathlib import Path

from chaos_ground import Failed, Ground
from chaos_list import trial


@trial("a full disk")
def full(ground: Ground) -> None:
    disk = ground.small_disk()
    fill(disk)
    client, document = ground.opened(environment=_all_on(disk))
    ground.well(client, document)
    ground.said_once(client, "cannot be kept on disk")
    # Room again: the same session keeps what it is told from now on, and what it was told before.
    ground.accept(client, document)
    (disk / "ballast").unlink()
    ground.well(client, document)
    client.end()
    if not ground.accepted():
        raise Failed("what was accepted on the full disk is lost")


@trial("a disk that fills up, then has room again")
def filling(ground: Ground) -> None:
    disk = ground.small_disk()
    client, document = ground.opened(environment=_all_on(disk))
    ground.well(client, document)
    fill(disk)
    for _ in range(2):
        ground.well(client, document)
    ground.accept(client, document)
    ground.answers(client, document)
    (disk / "ballast").unlink()
    ground.well(client, document)
    client.end()
    if not ground.accepted():
        raise Failed("what was accepted while the disk was full is lost")


def _all_on(disk: Path) -> dict[str, str]:
    return {
        "HOME": str(disk),
        "TMPDIR": str(disk),
        "GENX_FEEDBACK": str(disk / "feedback.db"),
        "GENX_CACHE": str(disk / "outcomes.db"),
    }


def fill(disk: Path) -> None:
    """Take all the room there is."""
    with (disk / "ballast").open("wb", buffering=0) as ballast, contextlib.suppress(OSError):
        while True:
            ballast.write(b"x" * 4096)


def _odd_home(ground: Ground, home: str) -> None:
    client, document = ground.opened(environment={"HOME": home, "GENX_FEEDBACK": "", "GENX_CACHE": ""})
    for _ in range(2):
        ground.well(client, document)
    ground.said_once(client, "cannot be kept on disk")


@trial("a home that cannot be written to")
def read_only(ground: Ground) -> None:
    _odd_home(ground, "/sys/kernel")


@trial("no home")
def homeless(ground: Ground) -> None:
    _odd_home(ground, "/dev/null/nobody")


@trial("a locked feedback database")
def locked(ground: Ground) -> None:
    client, document = ground.opened()
    ground.well(client, document)
    other = sqlite3.connect(ground.feedback, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    ground.accept(client, document)
    ground.answers(client, document)
    time.sleep(2)
    other.execute("ROLLBACK")
    other.close()
    ground.well(client, document)
    client.end()
    if not ground.accepted():
        raise Failed("what was accepted while the database was locked is lost")


@trial("a truncated feedback database")
def cut(ground: Ground) -> None:
    client, document = ground.opened()
    ground.well(client, document)
    client.end()
    log = ground.feedback.with_name(ground.feedback.name + "-wal")
    if log.exists():
        raise Failed("the feedback database was not closed when the server ended")
    data = ground.feedback.read_bytes()
    ground.feedback.write_bytes(data[: len(data) // 2 + 100])
    client, document = ground.opened()
    ground.well(client, document)
    ground.accept(client, document)
    ground.said_once(client, "feedback database")
    client.end()
    if not ground.accepted():
        raise Failed("feedback is not kept after the damaged database was set aside")


@trial("a newer feedback database")
def newer(ground: Ground) -> None:
    with sqlite3.connect(ground.feedback) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    before = ground.feedback.read_bytes()
    client, document = ground.opened()
    for _ in range(2):
        ground.well(client, document)
    ground.said_once(client, "newer GenX")
    client.end()
    if ground.feedback.read_bytes() != before:
        raise Failed("a newer database was written to")


@trial("a damaged cache of outcomes")
def cache(ground: Ground) -> None:
    client, document = ground.opened()
    for number in range(3):
        if ground.cache.exists():
            ground.cache.write_bytes(os.urandom(8_192) if number == 1 else b"")
        ground.well(client, document)

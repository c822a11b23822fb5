"""`genx-lsp feedback`: listed, exported, forgotten."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from genx_lsp.feedback import SCHEMA_VERSION, FeedbackStore


@pytest.fixture
def filled(genx, scripted) -> None:
    genx("suggest", "numbers_.py::half")
    store = FeedbackStore()
    store.record("half-f2", "accepted")
    store.close()


def test_nothing_yet_is_said(genx):
    ended = genx("feedback", "list")

    assert ended.code == 0
    assert ended.out == ""
    assert ended.err.startswith("No feedback yet in ")


def test_list_shows_each_suggestion_and_what_became_of_it(genx, filled):
    lines = genx("feedback", "list").out.splitlines()

    assert len(lines) == 4
    (fix,) = [line for line in lines if "[divide] by 2" in line]
    assert "half" in fix
    assert fix.rstrip().endswith("accepted")


def test_export_writes_json_lines(genx, filled, tmp_path: Path):
    to_stdout = genx("feedback", "export")
    to_file = genx("feedback", "export", "-o", tmp_path / "out.jsonl")

    assert (tmp_path / "out.jsonl").read_text() == to_stdout.out
    assert "3 suggestions written" in to_file.err
    assert {json.loads(line)["id"] for line in to_stdout.out.splitlines()} == {"half-s", "half-f2", "half-f4"}


def test_clear_forgets(genx, filled):
    assert genx("feedback", "clear", "--yes").code == 0
    assert genx("feedback", "list").out == ""


def test_a_newer_database_is_refused_in_a_sentence(genx, tmp_path: Path):
    path = tmp_path / "newer.db"
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    before = path.read_bytes()

    for command in ("list", "export", "clear"):
        ended = genx("feedback", command, "--database", path, *(["--yes"] if command == "clear" else []))
        assert ended.code == 2
        assert "newer GenX" in ended.err
    assert path.read_bytes() == before


def test_what_is_silenced_is_listed_and_can_be_taken_back(genx, tmp_path: Path):
    file = Path("numbers_.py").absolute()
    store = FeedbackStore()
    store.silence(file, "half")
    store.silence(file, "double", "`double(0)` gives [1]")
    store.close()

    assert genx("feedback", "silenced").out.splitlines() == [
        f"{file}: double: `double(0)` gives [1]",
        f"{file}: half: never",
    ]
    assert genx("feedback", "restore", "numbers_.py", "half").code == 0
    assert "half" not in genx("feedback", "silenced").out
    assert genx("feedback", "clear", "--yes").code == 0
    assert genx("feedback", "silenced").err.startswith("Nothing is silenced in ")

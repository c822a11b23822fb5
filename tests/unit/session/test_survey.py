from __future__ import annotations

from pathlib import Path

import pytest

from genx_lsp.session.documents import Snapshot
from genx_lsp.session.survey import Surveyor

ONE = "def a():\n    return 1\n\n\ndef b():\n    return 2\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "m.py"
    path.write_text(ONE)
    return path


def snapshot(path: Path, text: str) -> Snapshot:
    return Snapshot(path.as_uri(), 1, text)


def changed(surveyor: Surveyor, path: Path, text: str) -> list[str]:
    return [t.name for t in surveyor.survey(path, snapshot(path, text), "").changed]


def test_only_what_changed_since_it_was_opened(path: Path) -> None:
    surveyor = Surveyor()
    surveyor.baseline(path, snapshot(path, ONE))
    assert changed(surveyor, path, ONE) == []
    assert changed(surveyor, path, ONE.replace("1", "10")) == ["a"]
    assert changed(surveyor, path, "# note\n" + ONE.replace("1", "10")) == []
    assert changed(surveyor, path, ONE) == ["a"]


def test_unsaved_changes_of_an_earlier_day_are_new(path: Path) -> None:
    surveyor = Surveyor()
    surveyor.baseline(path, snapshot(path, ONE.replace("2", "20")))
    assert changed(surveyor, path, ONE.replace("2", "20")) == ["b"]


def test_a_file_that_was_saved_before_it_was_looked_at(path: Path) -> None:
    surveyor = Surveyor()
    path.write_text(ONE.replace("1", "10"))
    surveyor.baseline(path, snapshot(path, ONE))
    assert changed(surveyor, path, ONE.replace("1", "10")) == ["a"]


def test_a_file_that_is_just_being_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Most editors write in place: a reader who comes at the wrong moment finds nothing."""
    path.write_text("")
    monkeypatch.setattr(
        "genx_lsp.session.survey.time.sleep", lambda _: path.write_text(ONE.replace("1", "10"))
    )
    surveyor = Surveyor()
    surveyor.baseline(path, snapshot(path, ONE))
    assert changed(surveyor, path, ONE.replace("1", "10")) == ["a"]


def test_a_file_that_stays_empty_has_known_nothing(path: Path) -> None:
    surveyor = Surveyor()
    path.write_text("")
    surveyor.baseline(path, snapshot(path, ONE))
    assert changed(surveyor, path, ONE) == ["a", "b"]


def test_text_that_does_not_parse_keeps_what_was_known(path: Path) -> None:
    surveyor = Surveyor()
    surveyor.baseline(path, snapshot(path, ONE))
    survey = surveyor.survey(path, snapshot(path, "def a(:\n"), "")
    assert survey.project is None
    assert "line 1" in survey.problem
    assert changed(surveyor, path, ONE.replace("2", "20")) == ["b"]


@pytest.mark.parametrize("text", ["", "\n", "x = 1\n", "\ufeffdef a():\n    return 1\n"])
def test_odd_files_are_no_trouble(tmp_path: Path, text: str) -> None:
    path = tmp_path / "odd.py"
    path.write_text(text)
    surveyor = Surveyor()
    surveyor.baseline(path, snapshot(path, text))
    assert changed(surveyor, path, text) == []

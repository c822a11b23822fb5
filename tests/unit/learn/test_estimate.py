"""What a run takes is worked out before it starts, and too little room is refused with both figures."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from genx_lsp.learn import estimate as estimating
from genx_lsp.learn.estimate import Estimate, estimate, require_room
from genx_lsp.learn.folders import LearnError

NEEDED = Estimate(memory=3_000_000_000, disk=200_000_000, seconds=600)


@pytest.fixture
def model_file(tmp_path: Path) -> Path:
    """A hundred megabytes, of which none are written."""
    path = tmp_path / "model.gguf"
    with path.open("wb") as stream:
        stream.truncate(100_000_000)
    return path


def taken(model_file: Path, *, problems: int = 20, roles: int = 2, rounds: int = 1) -> Estimate:
    return estimate(
        model_file, problems=problems, held_out=5, samples=8, steps=100, batch=4, roles=roles, rounds=rounds
    )


def test_more_work_takes_longer_and_a_role_less_takes_less(model_file: Path) -> None:
    usual = taken(model_file)
    assert taken(model_file, problems=40).seconds > usual.seconds
    assert taken(model_file, rounds=2).seconds == pytest.approx(2 * usual.seconds)
    assert taken(model_file, roles=1).seconds < usual.seconds
    # The weights in float32 have to fit, whatever is done with them.
    assert usual.memory > 4 * 100_000_000


def test_it_is_told_in_a_sentence() -> None:
    assert NEEDED.told().startswith("It will take about 10 minutes, 3.0 GB of memory and 200 MB of disk")


def test_too_little_memory_is_refused_with_both_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimating, "_free_memory", lambda: 1_000_000_000)
    with pytest.raises(LearnError, match=r"needs about 3\.0 GB of memory, and 1\.0 GB are free.*--model"):
        require_room(NEEDED, tmp_path)


def test_too_little_disk_is_refused_with_both_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimating, "_free_memory", lambda: None)
    usage = shutil.disk_usage(tmp_path)._replace(free=50_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(LearnError, match=r"about 200 MB of disk .*, and 50 MB are free.*GENX_LEARN_DIR"):
        require_room(NEEDED, tmp_path)


def test_enough_room_is_no_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimating, "_free_memory", lambda: 4_000_000_000)
    require_room(Estimate(3_000_000_000, 1, 1.0), tmp_path / "new")
    assert (tmp_path / "new").is_dir()

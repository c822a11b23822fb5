from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from genx_lsp.learn.folders import LearnError, alone, learn_directory, read_json, write_json
from genx_lsp.learn.run import FEWEST, HELD_OUT, Options, open_run, split

OPTIONS = Options(source="feedback", model="0" * 64)


def test_an_unfinished_run_with_the_same_options_is_gone_on_with(tmp_path: Path) -> None:
    first = open_run(tmp_path, OPTIONS)
    again = open_run(tmp_path, OPTIONS)
    assert not first.resumed
    assert again.resumed
    assert again.folder == first.folder


def test_other_options_are_another_run(tmp_path: Path) -> None:
    first = open_run(tmp_path, OPTIONS)
    other = open_run(tmp_path, replace(OPTIONS, steps=7))
    assert not other.resumed
    assert other.folder != first.folder


def test_a_run_without_the_filter_is_another_and_one_from_before_there_was_a_choice_is_not(
    tmp_path: Path,
) -> None:
    first = open_run(tmp_path, OPTIONS)
    assert "filtered" not in read_json(first.folder / "run.json")
    assert not open_run(tmp_path, replace(OPTIONS, filtered=False)).resumed
    assert open_run(tmp_path, OPTIONS).resumed


def test_a_finished_run_is_left_alone(tmp_path: Path) -> None:
    first = open_run(tmp_path, OPTIONS)
    first.finish({"parts": []}, "done")
    second = open_run(tmp_path, OPTIONS)
    assert not second.resumed
    assert second.folder != first.folder
    assert (first.folder / "report.txt").read_text() == "done\n"


def test_what_is_held_out_does_not_depend_on_order_and_is_a_fifth() -> None:
    keys = [f"k{n}" for n in range(50)]
    assert split(keys, 0) == split(keys[::-1], 0)
    assert len(split(keys, 0)) == 10
    assert len(split(keys[:FEWEST], 0)) == HELD_OUT


def test_another_seed_holds_out_others() -> None:
    keys = [f"k{n}" for n in range(50)]
    assert split(keys, 0) != split(keys, 1)


def test_too_few_functions_are_refused_with_the_number_needed() -> None:
    with pytest.raises(LearnError, match=rf"{FEWEST - 1} functions .* {FEWEST} are needed"):
        split([str(n) for n in range(FEWEST - 1)], 0)


def test_two_finetunes_at_once_are_one_too_many(tmp_path: Path) -> None:
    with alone(tmp_path), pytest.raises(LearnError, match="Another"), alone(tmp_path):
        pass
    with alone(tmp_path):
        pass


def test_a_half_written_file_is_no_file(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"x": 1})
    (tmp_path / "b.json.partial").write_text('{"x"')
    (tmp_path / "c.json").write_text('{"x"')
    assert read_json(tmp_path / "a.json") == {"x": 1}
    assert read_json(tmp_path / "b.json") is None
    assert read_json(tmp_path / "c.json") is None


def test_the_folder_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENX_LEARN_DIR", str(tmp_path))
    assert learn_directory() == tmp_path

"""The Parquet files of a run: written once, shown and exported by the command line."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from genx_lsp.cli.app import app
from genx_lsp.learn.data import COLUMNS, find, write
from genx_lsp.learn.examples import Example
from genx_lsp.learn.folders import LearnError, write_json
from genx_lsp.learn.provenance import Evidence
from genx_lsp.learn.run import Options, Run, open_run
from genx_models import Chat, Infill

needs_datasets = pytest.mark.skipif(
    importlib.util.find_spec("datasets") is None,
    reason="not installed: datasets (pip install 'genx-lsp[finetune]')",
)
EVIDENCE = Evidence("def half(n): return n // 2", ("assert half(4) == 2",), "what the program gave")
TEST = Example("test", Chat("Write.", "You", "```python\nassert "), "half(4) == 2\n```", "p1", "observed")
CODE = Example("code", Infill("def half(n):", "\n"), " return '\ud800'", "p2", "sampled")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Two functions went through the first round; a third belongs to an earlier choice of functions."""
    monkeypatch.setenv("GENX_LEARN_DIR", str(tmp_path))
    made = open_run(tmp_path, Options("feedback", "0" * 64))
    write_json(made.folder / "problems.json", ["p2"])
    for key, example in (("p1", TEST), ("p2", CODE), ("p3", TEST)):
        packed = {**example.pack(), "evidence": EVIDENCE.pack()}
        stored = {"function": "half", "path": "/shop.py", "licence": "MIT", "examples": [packed]}
        write_json(made.round(1) / "rollouts" / f"{key}.json", stored)
    return made


@needs_datasets
def test_every_example_stands_in_the_file_with_its_provenance(run: Run) -> None:
    write(run, 1, frozenset({"p1", "p2"}))
    first, second = find(run.folder.parent).rows()
    assert tuple(first) == COLUMNS
    assert (first["prompt"], first["prefill"], first["answer"]) == (
        "Write.",
        TEST.prompt.prefill,
        TEST.answer,
    )
    assert (first["program"], first["tests"], first["verdict"]) == (
        EVIDENCE.program,
        list(EVIDENCE.tests),
        EVIDENCE.verdict,
    )
    assert (first["licence"], first["function"], first["held_out"], second["held_out"]) == (
        "MIT",
        "half",
        False,
        True,
    )
    assert (second["prompt"], second["suffix"], second["answer"]) == ("def half(n):", "\n", " return '?'")


@needs_datasets
def test_a_round_is_written_once(run: Run) -> None:
    path = write(run, 1, frozenset({"p1"}))
    before = path.read_bytes()
    assert write(run, 1, frozenset({"p1", "p2"})) == path
    assert path.read_bytes() == before
    assert not list(path.parent.glob("*.partial"))


@needs_datasets
def test_the_command_shows_and_exports(run: Run, tmp_path: Path) -> None:
    write(run, 1, frozenset({"p1", "p2"}))
    shown = CliRunner().invoke(app, ["finetune", "data", "show", "--role", "test"])
    assert shown.exit_code == 0, shown.output
    assert "verdict: what the program gave" in shown.output
    assert "licence: MIT" in shown.output
    assert "sampled" not in shown.output

    for name in ("all.jsonl", "all.parquet"):
        result = CliRunner().invoke(app, ["finetune", "data", "export", str(tmp_path / name)])
        assert result.exit_code == 0, result.output
    lines = (tmp_path / "all.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["role"] for line in lines] == ["test", "code"]
    assert (tmp_path / "all.parquet").stat().st_size > 0


@needs_datasets
def test_another_ending_is_refused(run: Run, tmp_path: Path) -> None:
    write(run, 1, frozenset({"p1"}))
    result = CliRunner().invoke(app, ["finetune", "data", "export", str(tmp_path / "all.csv")])
    assert isinstance(result.exception, LearnError)
    assert ".parquet or .jsonl" in str(result.exception)


def test_no_data_and_a_run_that_is_not_there_are_told(run: Run, tmp_path: Path) -> None:
    with pytest.raises(LearnError, match="No data yet"):
        find(run.folder.parent)
    with pytest.raises(LearnError, match="no run named gone"):
        find(run.folder.parent, "gone")

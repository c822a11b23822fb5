from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from genx_lsp.cli.app import app
from genx_lsp.errors import Unavailable
from genx_lsp.learn import estimate as estimating
from genx_lsp.learn import train
from genx_lsp.learn.folders import LearnError, alone


def test_without_the_extra_the_command_that_installs_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train, "missing_packages", lambda: ("torch", "peft"))
    result = CliRunner().invoke(app, ["finetune"])
    assert isinstance(result.exception, Unavailable)
    assert "torch, peft" in str(result.exception)
    assert "pip install 'genx-lsp[finetune]'" in str(result.exception)


@pytest.fixture
def ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A command with all that it needs: a corpus, a file for a model, the packages."""
    monkeypatch.setattr(train, "missing_packages", lambda: ())
    monkeypatch.setenv("GENX_LEARN_DIR", str(tmp_path / "learn"))
    model = tmp_path / "model.gguf"
    model.write_bytes(b"GGUF" + bytes(1000))
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "sums.py").write_text("".join(f"def add_{n}(x):\n    return x + {n}\n\n\n" for n in range(9)))
    return ["finetune", "--from", str(corpus), "--model", str(model)]


def test_a_second_finetune_is_refused_while_one_is_at_work(ready: list[str], tmp_path: Path) -> None:
    with alone(tmp_path / "learn"):
        result = CliRunner().invoke(app, ready)
    assert isinstance(result.exception, LearnError)
    assert "Another `genx-lsp finetune` is at work" in str(result.exception)


@pytest.mark.parametrize("lacking", ["memory", "disk"])
def test_too_little_room_is_said_before_anything_is_started(
    ready: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lacking: str
) -> None:
    if lacking == "memory":
        monkeypatch.setattr(estimating, "_free_memory", lambda: 1_000_000)
    else:
        usage = shutil.disk_usage(tmp_path)._replace(free=10)
        monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    result = CliRunner().invoke(app, ready)
    assert isinstance(result.exception, LearnError)
    assert f"of {lacking}" in str(result.exception)
    assert not list((tmp_path / "learn").glob("*/run.json"))


def test_an_empty_store_is_told() -> None:
    result = CliRunner().invoke(app, ["finetune", "--dry-run"])
    assert isinstance(result.exception, LearnError)
    assert "Nothing has been accepted yet" in str(result.exception)


def test_a_dry_run_shows_what_would_be_learnt_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENX_LEARN_DIR", str(tmp_path / "learn"))
    corpus = tmp_path / "tasks.jsonl"
    task = {
        "task_id": "1",
        "prompt": 'def double(x):\n    """Twice x."""\n',
        "entry_point": "double",
        "canonical_solution": "    return 2 * x\n",
        "test": "assert double(2) == 4\n",
    }
    corpus.write_text(json.dumps(task) + "\n")
    result = CliRunner().invoke(app, ["finetune", "--from", str(corpus), "--dry-run"])
    assert result.exit_code == 0, result.output
    assert "code, reference, double" in result.output
    assert "return 2 * x" in result.output
    assert not (tmp_path / "learn").exists()

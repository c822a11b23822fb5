from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from genx_lsp.cli.app import app
from genx_lsp.errors import Unavailable
from genx_lsp.learn import train
from genx_lsp.learn.folders import LearnError


def test_without_the_extra_the_command_that_installs_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train, "missing_packages", lambda: ("torch", "peft"))
    result = CliRunner().invoke(app, ["finetune"])
    assert isinstance(result.exception, Unavailable)
    assert "torch, peft" in str(result.exception)
    assert "pip install 'genx-lsp[finetune]'" in str(result.exception)


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

"""What is handed to the processes that train together."""

from __future__ import annotations

from pathlib import Path

import pytest

from genx_lsp.learn.folders import LearnError
from genx_lsp.learn.launch import Job, read, write
from genx_lsp.learn.losses import Plan, Tokenised
from genx_lsp.learn.preference import Pair
from genx_lsp.learn.train import Material


def test_a_job_comes_back_from_its_file(tmp_path: Path) -> None:
    one, other = Tokenised((1, 2, 3), 1, weight=4.0, probe_end=3), Tokenised((1, 2), 1)
    material = Material("code", tmp_path / "code", (one,), (other,), (one,), (Pair(one, other),))
    job = Job(tmp_path / "model.gguf", Plan(steps=3), (material,))
    write(tmp_path / "round-1", job)
    assert read(tmp_path / "round-1") == job


def test_a_folder_without_a_job_is_told(tmp_path: Path) -> None:
    with pytest.raises(LearnError, match="holds no training"):
        read(tmp_path)

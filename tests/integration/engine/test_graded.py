"""Test files run at the best grade there is."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from genx_lsp.engine.graded import run_file
from genx_sandbox import Grade, Level, Program, Sandbox, SandboxUnavailable, TestFile, Workspace

SOURCE = "def double(x):\n    return x + x\n"
TESTS = """import pytest
from maths import double


@pytest.fixture
def two():
    return 2


def test_plain():
    assert double(2) == 4


def test_fixture(two):
    assert double(two) == 4
"""
PLAIN = "from maths import double\n\n\ndef test_plain():\n    assert double(2) == 4\n"


@pytest.fixture(params=[Level.FULL, Level.REDUCED], ids=str)
def sandbox(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Sandbox]:
    (tmp_path / "maths.py").write_text(SOURCE, encoding="utf-8")
    workspace = Workspace(Path(sys.executable), tmp_path, (tmp_path,))
    with Sandbox(workspace, level=request.param) as opened:
        yield opened


def test_each_level_runs_a_plain_test_and_says_how(sandbox: Sandbox, tmp_path: Path) -> None:
    programs = [
        Program("right", "maths", str(tmp_path / "maths.py"), SOURCE),
        Program("wrong", "maths", str(tmp_path / "maths.py"), SOURCE.replace("x + x", "x")),
    ]
    results = {r.program_key: r for r in run_file(sandbox, programs, TestFile(tmp_path / "test_m.py", PLAIN))}
    outcomes = {key: [(i.outcome, i.grade) for i in result.items] for key, result in results.items()}
    grade = Grade.ITEMS if sandbox.level is Level.FULL else Grade.SPLIT
    assert outcomes == {"right": [("passed", grade)], "wrong": [("failed", grade)]}


def test_a_fixture_takes_the_full_level(sandbox: Sandbox, tmp_path: Path) -> None:
    program = Program("right", "maths", str(tmp_path / "maths.py"), SOURCE)
    file = TestFile(tmp_path / "test_m.py", TESTS)
    if sandbox.level is Level.FULL:
        (result,) = run_file(sandbox, [program], file)
        assert result.passed
        return
    with pytest.raises(SandboxUnavailable, match=r"No test of test_m\.py can be run here"):
        list(run_file(sandbox, [program], file))

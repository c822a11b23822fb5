"""A user's environment without pytest: ours is shown to it, after everything of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from genx_sandbox import Program, Sandbox, TestFile, Workspace

TESTS = """
import pytest
from price import double


@pytest.mark.parametrize("n", [1, 2])
def test_double(n, tmp_path):
    assert double(n) == 2 * n
"""


def test_an_environment_without_pytest_borrows_ours(tmp_path: Path) -> None:
    venv = tmp_path / "bare"
    command = [sys.executable, "-m", "venv", "--without-pip", "--symlinks", str(venv)]
    subprocess.run(command, check=True, timeout=60)
    python = venv / "bin" / "python"
    asked = subprocess.run([python, "-c", "import pytest"], capture_output=True, timeout=60, check=False)
    assert asked.returncode != 0, "the environment was to have no pytest"
    root = tmp_path / "project"
    root.mkdir()
    source = "def double(n):\n    return n * 2\n"
    with Sandbox(Workspace(python, root, (root,))) as sandbox:
        program = Program("p", "price", str(root / "price.py"), source)
        (result,) = sandbox.run_items([program], TestFile(root / "test_price.py", TESTS))
    assert result.error == ""
    assert result.passed
    assert len(result.items) == 2

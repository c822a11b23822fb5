"""The configuration in docs/editors/emacs.md, tried in a real Emacs without a screen."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SCRIPTED_SERVER = ROOT / "tests" / "e2e" / "protocol" / "scripted_server.py"
START = "(require 'package)\n(package-initialize)\n"


@pytest.fixture
def emacs() -> str:
    program = shutil.which("emacs")
    if program is None:
        pytest.skip("there is no emacs on PATH")
    has_eglot = subprocess.run(
        [program, "--batch", "-q", "--eval", f"(progn {START} (require 'eglot))"],
        capture_output=True,
        timeout=60,
    )
    if has_eglot.returncode:
        pytest.skip("this emacs has no eglot")
    return program


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """The example, with a line that the scripted engine can fix, and `genx-lsp` on a PATH of its own."""
    project = tmp_path / "shop"
    ignored = shutil.ignore_patterns("__pycache__", ".pytest_cache")
    shutil.copytree(ROOT / "examples" / "shop", project, ignore=ignored)
    text = project / "shop" / "text.py"
    text.write_text(text.read_text("utf-8").replace("len(text) < width:", "len(text) < width - 1:"), "utf-8")
    (tmp_path / "engine").mkdir()
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "genx-lsp"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{SCRIPTED_SERVER}" "{tmp_path / "engine"}"\n')
    program.chmod(0o755)
    return project


def test_the_documented_configuration_gives_every_feature(emacs: str, shop: Path, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "editors" / "emacs.md").read_text("utf-8")
    blocks = re.findall(r"```elisp\n(.*?)```", page, re.DOTALL)
    init = tmp_path / "init.el"
    init.write_text(START + "\n".join(blocks), "utf-8")
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}",
    }

    run = subprocess.run(
        [emacs, "--batch", "-q", "-l", str(init), "-l", str(Path(__file__).with_name("drive.el"))],
        cwd=shop,
        env=environment,
        capture_output=True,
        text=True,
        timeout=150,
    )

    assert run.returncode == 0, run.stdout + run.stderr
    seen = dict(line.split("\t", 1) for line in run.stdout.splitlines() if "\t" in line)
    assert "`shorten` looks wrong" in seen["diagnostic"]
    assert "Fix 1" in seen["hover"]
    assert "len(text) < width + 1" in (shop / "shop" / "text.py").read_text("utf-8")
    assert "def test_shorten():" in (shop / "tests" / "test_text.py").read_text("utf-8")

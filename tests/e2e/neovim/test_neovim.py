"""The configuration in docs/editors/neovim.md, tried in a real Neovim without a screen."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SCRIPTED_SERVER = ROOT / "tests" / "e2e" / "protocol" / "scripted_server.py"


def version(program: str) -> tuple[int, int]:
    says = subprocess.run(
        [program, "--version"], capture_output=True, text=True, check=True, timeout=30
    ).stdout
    found = re.search(r"NVIM v(\d+)\.(\d+)", says)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def installed() -> dict[tuple[int, int], str]:
    """Every nvim there is by version: NVIM_PROGRAM names more than the one on PATH, separated as PATH is."""
    named = [Path(part) for part in os.environ.get("NVIM_PROGRAM", "").split(os.pathsep) if part]
    on_path = shutil.which("nvim")
    return {version(str(program)): str(program) for program in [*named, *([on_path] if on_path else [])]}


@pytest.fixture(params=["0.11", "0.7"])
def neovim(request: pytest.FixtureRequest) -> str:
    newest = (99, 99) if request.param == "0.11" else (0, 7)
    wanted = [
        number
        for number in installed()
        if (request.param == "0.11") == (number >= (0, 11)) and number <= newest
    ]
    if not wanted:
        pytest.skip(f"there is no nvim {request.param} on PATH (nor in NVIM_PROGRAM)")
    return installed()[max(wanted)]


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


def configuration(program: str) -> str:
    """The blocks of the page for this version: what starts the server, and what shows lenses."""
    page = (ROOT / "docs" / "editors" / "neovim.md").read_text("utf-8")
    blocks = re.findall(r"```lua\n(.*?)```", page, re.DOTALL)
    if version(program) < (0, 8):
        return next(block for block in blocks if "vim.lsp.start_client" in block)
    wanted = ("vim.lsp.enable", 'pattern = "*.py"')
    return "\n".join(block for block in blocks if any(part in block for part in wanted))


def test_the_documented_configuration_gives_every_feature(neovim: str, shop: Path, tmp_path: Path) -> None:
    init = tmp_path / "init.lua"
    init.write_text(configuration(neovim) + (Path(__file__).parent / "drive.lua").read_text("utf-8"), "utf-8")
    folders = {f"XDG_{kind}_HOME": str(tmp_path / "xdg") for kind in ("CONFIG", "DATA", "STATE", "CACHE")}
    environment = {**os.environ, **folders, "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"}

    run = subprocess.run(
        [neovim, "--headless", "-u", str(init)],
        cwd=shop,
        env=environment,
        capture_output=True,
        text=True,
        timeout=150,
    )

    assert run.returncode == 0, run.stdout + run.stderr
    seen = dict(line.split("\t", 1) for line in run.stdout.splitlines() if "\t" in line)
    assert seen["encoding"] == ("utf-8" if version(neovim) >= (0, 11) else "utf-16")
    assert "`shorten` looks wrong" in seen["diagnostic"]
    assert seen["lens"] == "GenX: 2 tests · 1 fix · suspected bug"
    assert "Fix 1" in seen["hover"]
    assert "len(text) < width + 1" in (shop / "shop" / "text.py").read_text("utf-8")
    assert "def test_shorten():" in (shop / "tests" / "test_text.py").read_text("utf-8")

"""The command line as a whole: help, version, errors as sentences."""

from __future__ import annotations

import subprocess
import sys

import pytest

from genx_lsp import __version__

COMMANDS = ["suggest", "watch", "report", "serve", "doctor", "models", "feedback"]


def test_help_lists_every_command(genx):
    ended = genx("--help")

    assert ended.code == 0
    assert all(f"\n  {command} " in ended.out for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(genx, command):
    ended = genx(command, "--help")

    assert ended.code == 0
    assert f"Usage: genx-lsp {command}" in ended.out


def test_version(genx):
    assert genx("--version").out == f"genx-lsp {__version__}\n"


def test_an_unknown_command_is_a_usage_error(genx):
    ended = genx("sugest")

    assert ended.code == 2
    assert "suggest" in ended.err


def test_a_missing_file_is_one_sentence(genx, shop):
    ended = genx("suggest", "nothing.py")

    assert ended.code == 2
    assert ended.err == f"genx-lsp: There is no file {shop / 'nothing.py'}.\n"


def test_help_loads_nothing_heavy():
    code = (
        "import sys; from genx_lsp.cli.app import app\n"
        "print(*sorted(m for m in ('numpy', 'libcst', 'pygls', 'llama_cpp', 'pytest', 'genx_models',"
        " 'jinja2', 'watchdog', 'sqlite3', 'rich.progress') if m in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == []

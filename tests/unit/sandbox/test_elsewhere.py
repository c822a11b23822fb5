"""What is built, and what is said, on systems where the sandbox does not run."""

from __future__ import annotations

from pathlib import Path

import pytest

from genx_sandbox import Level, SandboxUnavailable, levels
from genx_sandbox.jail import seatbelt
from genx_sandbox.jail.view import View

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

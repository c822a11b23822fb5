"""Whoever dies, and at whatever moment of a jail's start: in the end nothing of the jail is left."""

from __future__ import annotations

import contextlib
import itertools
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from genx_sandbox import (
    Call,
    Level,
    Limits,
    Program,
    Sandbox,
    SandboxCancelled,
    SandboxError,
    TestFile,
    Value,
)

FINE = Program("fine", "fine", "/nowhere/fine.py", "def f():\n    return 1\n")
CALL = [Call("1", "f()")]
LEVELS = [Level.FULL, Level.REDUCED]
# Only at the full level does a launcher stand between the parent and the zygote.
POINTS = {Level.FULL: 12, Level.REDUCED: 4}


class Mark:
    """A number that stands in the command line of each process of a jail, from its launcher to its forks."""

    def __init__(self) -> None:
        self.value_bytes = 10**6 + secrets.randbelow(10**9)

    def limits(self) -> Limits:
        """Limits that bear the mark."""
        return replace(Limits(call_seconds=60, load_seconds=60), value_bytes=self.value_bytes)

    def left(self) -> dict[int, int]:
        """The processes that do not end however long one waits."""
        end = time.monotonic() + 60
        while (found := self.processes()) and time.monotonic() < end:
            time.sleep(0.02)
        return found

    def processes(self) -> dict[int, int]:
        """Processes that bear it, each with its parent."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            # It may end while it is being looked at.
            with contextlib.suppress(OSError):
                if f'"value_bytes": {self.value_bytes}'.encode() in (folder / "cmdline").read_bytes():
                    found[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        return found


@pytest.fixture
def mark() -> Iterator[Mark]:
    """A mark, and at the end the proof that nothing bears it."""
    made = Mark()
    yield made
    left = made.left()
    for pid in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert not left, f"{len(left)} processes outlived their jail"


PARENT = """
import os, sys, time
from pathlib import Path
from genx_sandbox import *
root, level, value_bytes = Path(sys.argv[1]), Level(sys.argv[2]), int(sys.argv[3])
fine = Program('f', 'm', '/m.py', 'def f():\\n    return 1\\n')
for line in sys.stdin:
    pid = os.fork()
    if pid:
        print(pid, flush=True)
        os.waitpid(pid, 0)
        continue
    limits = Limits(call_seconds=60, load_seconds=60, value_bytes=value_bytes)
    sandbox = Sandbox(Workspace(Path(sys.executable), root, (root,)), limits, 1, level)
    list(sandbox.run_calls([fine], [Call('1', 'f()')]))
    print('stands', flush=True)
    if line == 'fork\\n' and os.fork() == 0:
        print(os.getpid(), flush=True)
        time.sleep(300)
    time.sleep(300)
"""


class Parents:
    """One parent of a jail after another."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def start(self, how: str = "") -> int:
        """Pid of a new one, which starts a jail at once and says so when it stands."""
        assert self._process.stdin is not None
        self._process.stdin.write(how + "\n")
        self._process.stdin.flush()
        # The one before may have come as far as to speak.
        while not (word := self.hear()).isdigit():
            assert word
        return int(word)

    def hear(self) -> str:
        """The next word of the one under way."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@pytest.fixture
def parents(workspace, mark) -> Iterator[Callable[[Level], Parents]]:
    with contextlib.ExitStack() as stack:

        def begin(level: Level) -> Parents:
            command = [sys.executable, "-c", PARENT, str(workspace.root), level.value, str(mark.value_bytes)]
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            stack.enter_context(process)
            stack.callback(process.kill)
            return Parents(process)

        yield begin


@pytest.mark.parametrize("level", LEVELS, ids=str)
def test_the_parents_death_at_any_moment_of_a_start_leaves_nothing(parents, mark, level):
    line = parents(level)
    pid = line.start()
    started = time.monotonic()
    assert line.hear() == "stands"
    needed = time.monotonic() - started
    os.kill(pid, signal.SIGKILL)
    for point in range(POINTS[level]):
        pid = line.start()
        # Where in the start it is killed is what is tried; nothing is asserted on the time.
        time.sleep(needed * 1.2 * point / POINTS[level])
        os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("level", LEVELS, ids=str)
def test_the_parents_death_ends_a_jail_whose_zygote_hears_nothing(parents, mark, level):
    line = parents(level)
    pid = line.start()
    assert line.hear() == "stands"
    zygotes = [p for p, parent in mark.processes().items() if p not in mark.processes().values()]
    for zygote in zygotes:
        os.kill(zygote, signal.SIGSTOP)
    assert zygotes
    os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("level", LEVELS, ids=str)
def test_a_fork_of_the_parent_does_not_keep_the_jail_up(parents, mark, level):
    line = parents(level)
    pid = line.start("fork")
    assert line.hear() == "stands"
    fork = int(line.hear())
    os.kill(pid, signal.SIGKILL)
    try:
        assert not mark.left()
    finally:
        os.kill(fork, signal.SIGKILL)


@pytest.mark.parametrize("level", LEVELS, ids=str)
def test_a_launcher_killed_at_any_moment_of_its_start_leaves_nothing(workspace, mark, level):
    for point in range(POINTS[level]):
        with Sandbox(workspace, mark.limits(), jobs=1, level=level) as sandbox:

            def kill(delay: float = 0.002 * point) -> None:
                end = time.monotonic() + 20
                while time.monotonic() < end:
                    own = [pid for pid, parent in mark.processes().items() if parent == os.getpid()]
                    if own:
                        # The moment of the kill, likewise.
                        time.sleep(delay)
                        for pid in own:
                            with contextlib.suppress(ProcessLookupError):
                                os.kill(pid, signal.SIGKILL)
                        return

            killer = threading.Thread(target=kill)
            killer.start()
            # It is told, or it was killed so late that the run was over or could begin again.
            with contextlib.suppress(SandboxError):
                (result,) = sandbox.run_calls([FINE], CALL)
                assert result.outcomes[0].kind in ("value", "crash", "refused")
            killer.join()
            (result,) = sandbox.run_calls([FINE], CALL)
            assert result.outcomes[0].value == Value.of(1)


@pytest.mark.parametrize("level", LEVELS, ids=str)
def test_a_run_cancelled_at_any_moment_of_a_start_leaves_nothing(workspace, mark, level):
    for point in range(POINTS[level]):
        cancel = threading.Event()
        with Sandbox(workspace, mark.limits(), jobs=1, level=level) as sandbox:
            timer = threading.Timer(0.005 * point, cancel.set)
            timer.start()
            with contextlib.suppress(SandboxCancelled):
                list(sandbox.run_calls([FINE], CALL, cancel))
            timer.join()


def test_modules_that_are_wanted_are_there_before_the_program_is(workspace):
    program = Program("p", "plain", "/plain.py", "x = 1\n")
    there = Call("c", "[n in __import__('sys').modules for n in ('gettext', 'no_such_module')]")

    def seen(preload):
        wanted = replace(workspace, preload=preload)
        with Sandbox(wanted, Limits(), 1) as sandbox:
            (result,) = sandbox.run_calls([program], [there])
        return result.outcomes[0].value.text()

    assert seen(()) == "[False, False]"
    # What this Python has not got is nobody's trouble.
    assert seen(("no_such_module", "gettext")) == "[True, False]"


def test_what_was_prepared_serves_the_runs_that_need_it(workspace):
    file = TestFile(workspace.root / "tests" / "test_later.py", "def test_one():\n    pass\n", ("test_one",))
    program = replace(FINE, key="later")
    with Sandbox(workspace, Limits(), 1) as sandbox:
        sandbox.prepare(file.path)
        sandbox.prepare(file.path)
        prepared = set(sandbox.zygotes())
        assert len(prepared) == 3
        (repeated,) = sandbox.repeat_calls([program], CALL)
        (items,) = sandbox.run_items([program], file)
        assert repeated.outcomes[0].value == Value.of(1)
        assert [item.outcome for item in items.items] == ["passed"]
        assert len(sandbox.zygotes()) == 3


def test_of_what_stands_by_the_files_of_long_ago_go_first(workspace):
    """However many files one looks at, what runs calls, and what the last two files need, stays."""
    files = [workspace.root / "tests" / f"test_{n}.py" for n in range(4)]
    program = replace(FINE, key="later")
    with Sandbox(workspace, Limits(), 1) as sandbox:
        for run in (sandbox.run_calls, sandbox.repeat_calls):
            list(run([program], CALL))
        calls = set(sandbox.zygotes())
        stood = []
        for path in files:
            list(sandbox.run_items([program], TestFile(path, "def test_one():\n    pass\n", ("test_one",))))
            assert calls < set(sandbox.zygotes())
            stood.append(set(sandbox.zygotes()) - calls)
        assert [len(pids) for pids in stood] == [1, 2, 2, 2]
        assert all(earlier & later for earlier, later in itertools.pairwise(stood))
        assert not stood[0] & stood[-1]


def test_what_was_prepared_and_never_used_ends_with_its_sandbox(workspace):
    sandbox = Sandbox(workspace, Limits(), 1)
    sandbox.prepare(workspace.root / "tests" / "test_never.py")
    pids = sandbox.zygotes()
    assert len(pids) == 3
    sandbox.close()
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{pid}").exists() for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
    sandbox.prepare(workspace.root / "tests" / "test_never.py")
    assert sandbox.zygotes() == ()

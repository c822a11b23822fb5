"""Starting, cancelling, killing and closing: nothing hangs and nothing is left behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from genx_sandbox import (
    Call,
    InterpreterError,
    Level,
    Limits,
    Outcome,
    Program,
    Sandbox,
    SandboxCancelled,
    SandboxError,
    SandboxUnavailable,
    Value,
    Workspace,
)
from genx_sandbox.jail import bubblewrap, landlocked

SPIN = Program("spin", "spin", "/nowhere/spin.py", "def f():\n    while True:\n        pass\n")
FINE = Program("fine", "fine", "/nowhere/fine.py", "def f():\n    return 1\n")
CALL = [Call("1", "f()")]


def first_outcome(sandbox: Sandbox) -> Outcome:
    """What the well-behaved program does."""
    (result,) = sandbox.run_calls([FINE], CALL)
    return result.outcomes[0]


def jails() -> set[int]:
    """Pids of bubblewrap processes that descend from this process."""
    listing = subprocess.run(
        ["ps", "-eo", "pid,ppid,comm"], capture_output=True, text=True, check=True
    ).stdout
    rows = [line.split(None, 2) for line in listing.splitlines()[1:]]
    return {int(pid) for pid, parent, name in rows if name.strip() == "bwrap" and int(parent) == os.getpid()}


def until(holds: Callable[[], bool]) -> None:
    """Wait for something that has to come."""
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_cancel_ends_the_children_and_raises(workspace):
    cancel = threading.Event()
    with Sandbox(workspace, Limits(call_seconds=60), jobs=1) as sandbox:
        timer = threading.Timer(0.3, cancel.set)
        timer.start()
        with pytest.raises(SandboxCancelled):
            list(sandbox.run_calls([SPIN], CALL, cancel))
        timer.join()
        assert first_outcome(sandbox).value == Value.of(1)


def test_closing_leaves_no_process(workspace):
    before = jails()
    sandbox = Sandbox(workspace, jobs=1)
    list(sandbox.run_calls([FINE], CALL))
    assert jails() - before
    sandbox.close()
    assert jails() <= before


def test_close_from_another_thread_ends_a_run(workspace):
    sandbox = Sandbox(workspace, Limits(call_seconds=60), jobs=1)
    timer = threading.Timer(0.5, sandbox.close)
    timer.start()
    with pytest.raises(SandboxError):
        list(sandbox.run_calls([SPIN], CALL))
    timer.join()
    with pytest.raises(SandboxError):
        list(sandbox.run_calls([FINE], CALL))


def test_a_run_given_up_half_way_frees_its_slot(workspace):
    with Sandbox(workspace, Limits(call_seconds=60), jobs=1) as sandbox:
        run = sandbox.run_calls([FINE, SPIN], CALL)
        assert next(run).program_key == "fine"
        run.close()
        assert list(sandbox.run_calls([FINE], CALL))


def test_a_run_inside_a_run_does_not_wait_for_itself(workspace):
    with Sandbox(workspace, jobs=1) as sandbox:
        for _ in sandbox.run_calls([FINE, FINE, FINE], CALL):
            assert first_outcome(sandbox).kind == "value"


def test_many_threads_share_one_sandbox(workspace):
    kinds: list[str] = []
    with Sandbox(workspace, jobs=2) as sandbox:

        def work() -> None:
            kinds.extend(r.outcomes[0].kind for r in sandbox.run_calls([FINE] * 5, CALL))

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert kinds == ["value"] * 20


def test_a_jail_outlives_the_thread_that_first_used_it(workspace):
    with Sandbox(workspace, jobs=1) as sandbox:
        thread = threading.Thread(target=lambda: list(sandbox.run_calls([FINE], CALL)))
        thread.start()
        thread.join()
        first = jails()
        assert first_outcome(sandbox).kind == "value"
        assert jails() == first


def test_a_killed_jail_is_started_again(workspace):
    with Sandbox(workspace, Limits(call_seconds=2), jobs=1) as sandbox:
        before = jails()
        list(sandbox.run_calls([FINE], CALL))
        for pid in jails() - before:
            os.kill(pid, signal.SIGKILL)
        assert first_outcome(sandbox).value == Value.of(1)


def test_a_jail_killed_during_a_call_costs_that_call_only(workspace):
    with Sandbox(workspace, Limits(call_seconds=60), jobs=1) as sandbox:
        before = jails()

        def kill() -> None:
            # However long the jail takes to start, and then some time for the call to begin.
            for _ in range(600):
                if jails() - before:
                    break
                threading.Event().wait(0.05)
            threading.Event().wait(3)
            for pid in jails() - before:
                os.kill(pid, signal.SIGKILL)

        killer = threading.Thread(target=kill)
        killer.start()
        (result,) = sandbox.run_calls([SPIN], [Call("1", "f()"), Call("2", "1 + 1")])
        killer.join()
    assert [o.kind for o in result.outcomes] == ["crash", "value"]


def test_the_parents_death_leaves_no_survivor(workspace, tmp_path):
    script = (
        "import sys, time\nfrom pathlib import Path\nfrom genx_sandbox import *\n"
        f"w = Workspace(Path(sys.executable), Path({str(workspace.root)!r}))\n"
        "s = Sandbox(w, Limits(call_seconds=60))\n"
        "p = Program('p', 'm', '/m.py', 'def f():\\n    while True: pass\\n')\n"
        "print('ready', flush=True)\nlist(s.run_calls([p], [Call('1', 'f()')]))\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    assert parent.stdout.readline() == "ready\n"
    found: set[int] = set()
    for _ in range(200):
        listing = subprocess.run(["ps", "-eo", "pid,ppid,comm"], capture_output=True, text=True, check=True)
        rows = [line.split(None, 2) for line in listing.stdout.splitlines()[1:]]
        found = {int(p) for p, parent_pid, name in rows if int(parent_pid) == parent.pid and name == "bwrap"}
        if found:
            break
        threading.Event().wait(0.05)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    for _ in range(200):
        if not any(Path(f"/proc/{pid}").exists() for pid in found):
            break
        threading.Event().wait(0.05)
    assert found
    assert not any(Path(f"/proc/{pid}").exists() for pid in found)


def test_runs_leak_no_descriptors(workspace):
    with Sandbox(workspace, Limits(call_seconds=0.2), jobs=1) as sandbox:
        list(sandbox.run_calls([FINE, SPIN], CALL))
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(20):
            list(sandbox.run_calls([FINE], CALL))
        list(sandbox.run_calls([SPIN], CALL))
        assert len(os.listdir("/proc/self/fd")) == before


def test_without_bubblewrap_the_full_level_is_refused_and_the_advice_given(workspace, monkeypatch):
    monkeypatch.setattr(bubblewrap, "find", lambda: None)
    full = Sandbox(workspace, level=Level.FULL)
    with full as sandbox, pytest.raises(SandboxUnavailable, match="apt install bubblewrap"):
        list(sandbox.run_calls([FINE], CALL))


def test_without_bubblewrap_and_landlock_nothing_runs(workspace, monkeypatch):
    monkeypatch.setattr(bubblewrap, "find", lambda: None)
    monkeypatch.setattr(landlocked, "available", lambda: False)
    with Sandbox(workspace) as sandbox, pytest.raises(SandboxUnavailable, match="nothing is run"):
        list(sandbox.run_calls([FINE], CALL))


def test_an_interpreter_that_is_none_is_named(project, tmp_path):
    fake = tmp_path / "python"
    shutil.copy("/bin/true", fake)
    for path in (fake, tmp_path / "absent"):
        with Sandbox(Workspace(path, project)) as sandbox, pytest.raises(InterpreterError, match=str(path)):
            list(sandbox.run_calls([FINE], CALL))


def test_idle_jails_end_by_themselves_and_come_back(workspace):
    before = jails()
    with Sandbox(workspace, jobs=1, idle_seconds=0.5) as sandbox:
        assert first_outcome(sandbox).value == Value.of(1)
        assert len(sandbox.zygotes()) == 1
        until(lambda: sandbox.zygotes() == () and jails() == before)
        assert first_outcome(sandbox).value == Value.of(1)


def test_a_jail_in_use_is_not_idle(workspace):
    """Its time begins when it is put back, however long it was in use."""
    source = "import time\ndef f():\n    time.sleep(1)\n    return 1\n"
    slow = Program("slow", "slow", "/nowhere/slow.py", source)
    with Sandbox(workspace, Limits(call_seconds=20), jobs=1, idle_seconds=0.4) as sandbox:
        assert first_outcome(sandbox).value == Value.of(1)
        (pid,) = sandbox.zygotes()
        (result,) = sandbox.run_calls([slow], CALL)
        assert result.outcomes[0].value == Value.of(1)
        assert sandbox.zygotes() in ((pid,), ())
    with Sandbox(workspace, jobs=1) as sandbox:
        first_outcome(sandbox)
        (kept,) = sandbox.zygotes()
        time.sleep(0.6)
        assert sandbox.zygotes() == (kept,)

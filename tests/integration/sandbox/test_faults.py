"""Faults from outside: processes killed, a full scratch, no descriptors left. Nothing stays behind."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from genx_sandbox import (
    Call,
    Level,
    Limits,
    Program,
    Sandbox,
    SandboxError,
    TestFile,
    Value,
)

FINE = Program("fine", "fine", "/nowhere/fine.py", "def f():\n    return 1\n")
CALL = [Call("1", "f()")]


def below(pid: int) -> list[int]:
    """Every process under `pid`, nearest first."""
    children: list[int] = []
    # It may end while it is being looked at.
    with contextlib.suppress(OSError):
        for listing in Path(f"/proc/{pid}/task").glob("*/children"):
            children += [int(word) for word in listing.read_text(encoding="ascii").split()]
    return [one for child in children for one in (child, *below(child))]


@pytest.mark.parametrize("level", [Level.FULL, Level.REDUCED], ids=str)
@pytest.mark.parametrize("which", ["launcher", "zygote"])
def test_whoever_is_killed_between_runs_is_started_again(workspace, level, which):
    with Sandbox(workspace, jobs=1, level=level) as sandbox:
        list(sandbox.run_calls([FINE], CALL))
        (zygote,) = sandbox.zygotes()
        launcher = next(pid for pid in below(os.getpid()) if pid == zygote or zygote in below(pid))
        os.kill(launcher if which == "launcher" else zygote, signal.SIGKILL)
        (result,) = sandbox.run_calls([FINE], CALL)
        assert result.outcomes[0].value == Value.of(1)


@pytest.mark.parametrize("level", [Level.FULL, Level.REDUCED], ids=str)
def test_a_zygote_killed_during_a_call_takes_its_child_along(workspace, level):
    nap = Program("nap", "nap", "/nowhere/nap.py", "import time\n\n\ndef f():\n    time.sleep(60)\n")
    with Sandbox(workspace, Limits(call_seconds=30), jobs=1, level=level) as sandbox:
        list(sandbox.run_calls([FINE], CALL))
        (zygote,) = sandbox.zygotes()
        children: list[int] = []

        def kill() -> None:
            children.extend(below(zygote))
            os.kill(zygote, signal.SIGKILL)

        timer = threading.Timer(1.5, kill)
        timer.start()
        (result,) = sandbox.run_calls([nap], CALL)
        timer.join()
        assert result.outcomes[0].kind in ("crash", "refused")
        for _ in range(200):
            if not any(Path(f"/proc/{pid}").exists() for pid in children):
                break
            threading.Event().wait(0.02)
        assert children
        assert not any(Path(f"/proc/{pid}").exists() for pid in children)


@pytest.mark.parametrize("level", [Level.FULL, Level.REDUCED], ids=str)
@pytest.mark.parametrize("programs_before", [1, 2, 5, 9])
def test_a_zygote_killed_at_any_stage_of_a_run_costs_no_result(workspace, level, programs_before):
    programs = [Program(str(n), "fine", "/nowhere/fine.py", FINE.source) for n in range(12)]
    with Sandbox(workspace, jobs=1, level=level) as sandbox:
        list(sandbox.run_calls([FINE], CALL))
        (zygote,) = sandbox.zygotes()
        kinds = []
        for number, result in enumerate(sandbox.run_calls(programs, CALL), start=1):
            kinds.append(result.outcomes[0].kind)
            if number == programs_before:
                os.kill(zygote, signal.SIGKILL)
        # The one under way may have been lost with it; none before and none after.
        assert len(kinds) == len(programs)
        assert kinds.count("value") >= len(programs) - 1
        assert kinds[:programs_before] == ["value"] * programs_before


def test_a_fork_killed_while_it_stands_ready_costs_no_result(workspace):
    programs = [Program(str(n), "fine", "/nowhere/fine.py", FINE.source) for n in range(8)]
    with Sandbox(workspace, jobs=1) as sandbox:
        list(sandbox.run_calls([FINE], CALL))
        (zygote,) = sandbox.zygotes()
        outcomes = []
        for result in sandbox.run_calls(programs, CALL):
            outcomes.append(result.outcomes[0])
            for pid in below(zygote):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        assert [o.kind for o in outcomes].count("value") >= 1
        assert {o.kind for o in outcomes} <= {"value", "crash", "refused"}
        assert len(outcomes) == len(programs)


# What the parent is about when it dies.
STAGES = {
    "starting a jail": "list(sandbox.run_calls([slow], calls))",
    "between two runs": "time.sleep(60)",
    "in a call": "list(sandbox.run_calls([spin], calls))",
    "with a fork standing ready": "next(sandbox.run_calls([fine, fine, fine], calls)); time.sleep(60)",
    "in a split test": "list(sandbox.run_split([spin], file))",
}


@pytest.mark.parametrize("level", [Level.FULL, Level.REDUCED], ids=str)
@pytest.mark.parametrize("stage", STAGES)
def test_the_parents_death_at_any_stage_leaves_no_survivor(workspace, level, stage):
    script = (
        "import sys, time\nfrom pathlib import Path\nfrom genx_sandbox import *\n"
        f"workspace = Workspace(Path(sys.executable), Path({str(workspace.root)!r}))\n"
        f"sandbox = Sandbox(workspace, Limits(call_seconds=60), 1, Level({level.value!r}))\n"
        "fine = Program('f', 'm', '/m.py', 'def f():\\n    return 1\\n')\n"
        "spin = Program('s', 'm', '/m.py', 'def f():\\n    while True: pass\\n')\n"
        "slow = Program('l', 'm', '/m.py', 'import time\\ntime.sleep(60)\\n')\n"
        "calls = [Call('1', 'f()')]\n"
        "text = 'from m import f\\n\\n\\ndef test_it():\\n    assert f()\\n'\n"
        f"file = TestFile(Path({str(workspace.root)!r}, 'test_m.py'), text)\n"
        + ("" if stage == "starting a jail" else "list(sandbox.run_calls([fine], calls))\n")
        + f"print('ready', flush=True)\n{STAGES[stage]}\ntime.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    assert parent.stdout.readline() == "ready\n"
    threading.Event().wait(0.05 if stage == "starting a jail" else 1.0)
    found = below(parent.pid)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    for _ in range(400):
        if not any(Path(f"/proc/{pid}").exists() for pid in found):
            break
        threading.Event().wait(0.02)
    assert found or stage == "starting a jail"
    assert not any(Path(f"/proc/{pid}").exists() for pid in found)


def test_a_full_scratch_is_the_tests_failure_and_nothing_elses(workspace, project):
    source = (
        "import os\n\n\ndef test_fill(tmp_path):\n"
        "    for n in range(40):\n        (tmp_path / str(n)).write_bytes(bytes(1 << 20))\n\n\n"
        "def test_after():\n    assert True\n"
    )
    program = Program("p", "fine", str(project / "fine.py"), FINE.source)
    limits = Limits(scratch_bytes=16 << 20, items_seconds=30)
    with Sandbox(workspace, limits, jobs=1, level=Level.FULL) as sandbox:
        for _ in range(2):
            (result,) = sandbox.run_items([program], TestFile(project / "tests/test_full.py", source))
            outcomes = {item.node_id: item.outcome for item in result.items}
            assert outcomes.get("test_fill") != "passed"
            (result,) = sandbox.run_calls([FINE], CALL)
            assert result.outcomes[0].value == Value.of(1)


def test_processes_that_tests_leave_behind_are_ended_and_waited_for(workspace, project):
    source = (
        "import subprocess, sys\n\n\ndef test_leave():\n    for _ in range(3):\n"
        "        nap = 'import time; time.sleep(600)'\n"
        "        subprocess.Popen([sys.executable, '-c', nap], start_new_session=True)\n"
    )
    programs = [Program(str(n), "fine", str(project / "fine.py"), FINE.source) for n in range(4)]
    with Sandbox(workspace, Limits(items_seconds=60), jobs=1, level=Level.FULL) as sandbox:
        results = list(sandbox.run_items(programs, TestFile(project / "tests/test_leave.py", source)))
        assert [result.passed for result in results] == [True] * 4
        (zygote,) = sandbox.zygotes()
        until_gone = time.monotonic() + 60
        while below(zygote):
            assert time.monotonic() < until_gone
            time.sleep(0.02)


def test_too_many_files_are_the_tests_failure_and_nothing_elses(workspace, project):
    source = (
        "from fine import f\n\n\ndef test_fill(tmp_path):\n    for n in range(f() * 10**6):\n"
        "        (tmp_path / str(n)).touch()\n"
    )
    programs = [
        Program(str(n), "fine", str(project / "fine.py"), f"def f():\n    return {n}\n") for n in (1, 0)
    ]
    limits = Limits(scratch_files=500, items_seconds=60)
    with Sandbox(workspace, limits, jobs=1, level=Level.FULL) as sandbox:
        file = TestFile(project / "tests/test_files.py", source)
        many, few = sandbox.run_items(programs, file)
        assert [item.outcome for item in many.items] == ["crash"]
        assert few.passed


def test_without_descriptors_the_run_fails_and_the_next_one_does_not(workspace):
    with Sandbox(workspace, jobs=1) as sandbox:
        list(sandbox.run_calls([FINE], CALL))
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        used = max(int(name) for name in os.listdir("/proc/self/fd"))
        held = []
        resource.setrlimit(resource.RLIMIT_NOFILE, (used + 8, hard))
        try:
            while True:
                held.append(os.open(os.devnull, os.O_RDONLY))
        except OSError:
            pass
        try:
            with pytest.raises((SandboxError, OSError)):
                list(sandbox.run_calls([FINE], CALL))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            for fd in held:
                os.close(fd)
        (result,) = sandbox.run_calls([FINE], CALL)
        assert result.outcomes[0].value == Value.of(1)


def test_a_call_that_crashes_the_compiler_costs_its_program_and_not_the_run(workspace):
    deep = Call("deep", "(" * 150 + "1" + ")" * 150)
    huge = Call("huge", "+".join(["1"] * 20_000))
    with Sandbox(workspace, jobs=1) as sandbox:
        (result,) = sandbox.run_calls([FINE], [deep, huge, *CALL])
        assert len(result.outcomes) == 3
        (result,) = sandbox.run_calls([FINE], CALL)
        assert result.outcomes[0].value == Value.of(1)

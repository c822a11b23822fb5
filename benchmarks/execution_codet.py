"""CodeT's matrix, executed three ways: our sandbox, a plain fork a solution, a process and a manager.

Every way has the same cores and 0.1 s a test. Verdicts are compared cell by cell, and cells that differ are
counted by what either side saw.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from codet_peers import SECONDS
from figures import ROOT
from ranking_data import Planned, Task, load

from genx_sandbox import Call, Limits, Outcome, Program, Returns, Sandbox, Value, Workspace, judge
from genx_sandbox.jail import bubblewrap

DATA = ROOT.parent / "shared" / "data" / "codet"
# CodeT's own way is some twenty times slower: every so-manieth solution is run and the time scaled.
MANAGER_EVERY = 40


def compare(quick: bool, tasks_at_most: int = 0) -> dict[str, Any]:
    """Run all ways; seconds, cells and what differed. Without the data, an empty dict."""
    if not DATA.is_dir():
        return {}
    tasks = load(DATA, quick)[: tasks_at_most or None]
    cores = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory(prefix="genx-codet-") as name:
        folder = Path(name).resolve()
        started = time.perf_counter()
        mine = _ours(tasks, folder, cores)
        ours = time.perf_counter() - started
        whole = [{"solutions": t.solutions, "tests": t.tests} for t in tasks]
        theirs, forked = _peer("fork", whole, folder, cores)
        some = [{"solutions": t.solutions[::MANAGER_EVERY], "tests": t.tests} for t in tasks]
        _, managed = _peer("manager", some, folder, cores)
    solutions = sum(len(t.solutions) for t in tasks)
    sampled = sum(len(s["solutions"]) for s in some)
    differ = Counter(
        f"{a} here, {b} there" for row, other in zip(mine, theirs, strict=True)
        for a, b in zip(row, other, strict=True) if (a == "p") != (b == "p")
    )  # fmt: skip
    return {
        "tasks": len(tasks),
        "pairs": sum(len(t.solutions) * len(t.tests) for t in tasks),
        "cores": cores,
        "seconds": {
            "ours": ours,
            "fork_per_solution": forked,
            "process_and_manager": managed * solutions / sampled,
        },
        "manager_sample": f"{sampled} of {solutions} solutions",
        "cells_differing": dict(differ),
    }


def _ours(tasks: list[Task], folder: Path, jobs: int) -> list[str]:
    limits = Limits(call_seconds=SECONDS, deaths=1_000_000)
    rows: list[str] = []
    with Sandbox(Workspace(Path(sys.executable), folder, (folder,)), limits, jobs) as sandbox:
        for task in tasks:
            found = _task(task, folder, sandbox)
            rows += [found[str(i)] for i in range(len(task.solutions))]
    return rows


def _task(task: Task, folder: Path, sandbox: Sandbox) -> dict[str, str]:
    programs = [
        Program(str(i), "solution", str(folder / "solution.py"), source)
        for i, source in enumerate(task.solutions)
    ]
    position: dict[tuple[str, str], int] = {}
    for planned in task.planned:
        position.setdefault((planned.setup, planned.expression), len(position))
    calls = [Call(str(c), expression, setup) for (setup, expression), c in position.items()]
    wanted = [(position[p.setup, p.expression], _expectation(p)) for p in task.planned]
    known: dict[tuple[int, str], str] = {}
    rows = {}
    for result in sandbox.run_calls(programs, calls):
        letters = []
        for t, (c, expectation) in enumerate(wanted):
            outcome = result.outcomes[c]
            letter = known.get((t, outcome.key))
            if letter is None:
                letter = known[t, outcome.key] = _letter(outcome, expectation)
            letters.append(letter)
        rows[result.program_key] = "".join(letters)
    return rows


def _letter(outcome: Outcome, expectation: Returns) -> str:
    if outcome.kind == "timeout":
        return "t"
    return "p" if judge(outcome, expectation) is True else "f"


def _expectation(planned: Planned) -> Returns:
    if planned.how == "holds":
        return Returns(Value.of(True), exact=True)
    return Returns(Value.of(planned.expected), exact=planned.how == "is")


def _peer(way: str, tasks: list[dict[str, Any]], folder: Path, workers: int) -> tuple[list[str], float]:
    """A runner in one jail that slows it by nothing: everything is readable, one folder writable."""
    (folder / "tasks.json").write_text(json.dumps(tasks), encoding="utf-8")
    bwrap = bubblewrap.find()
    assert bwrap is not None
    line = [str(bwrap), "--unshare-all", "--die-with-parent", "--cap-drop", "ALL", "--ro-bind", "/", "/"]
    line += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--bind", str(folder), str(folder)]
    script = str(Path(__file__).with_name("codet_peers.py"))
    paths = [str(folder / "tasks.json"), str(folder / f"{way}.json")]
    started = time.perf_counter()
    subprocess.run([*line, sys.executable, "-I", script, way, *paths, str(workers)], check=True, cwd="/")
    seconds = time.perf_counter() - started
    return json.loads((folder / f"{way}.json").read_text(encoding="utf-8")), seconds


if __name__ == "__main__":
    print(json.dumps(compare("--full" not in sys.argv, 12), indent=1))

"""`make bench-codet`: CodeT's published matrix, executed three ways beside each other.

Ours at the full level; a plain fork a solution, without any sandbox of its own; a process and a manager a
solution, which is how CodeT's description has it. Each has the same cores, 0.1 s a test, and HumanEval's own
check as one test more with 3 s. Verdicts are compared cell by cell, and cells that differ are named.

`--tasks N` takes N of the 164 tasks, evenly spread. `--data DIR`, or GENX_CODET, names the data's folder.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from codet_peers import CHECK_SECONDS, SECONDS
from figures import ROOT, machine, table, write
from ranking_data import Planned, Task, load

from genx_sandbox import Call, Limits, Outcome, Program, Returns, Sandbox, Value, Workspace, judge
from genx_sandbox.jail import bubblewrap

DATA = Path(os.environ.get("GENX_CODET") or ROOT.parent / "shared" / "data" / "codet")
ALL_TASKS = 164
# CodeT's own way is some twenty times slower: every so-manieth solution is run and the time scaled.
MANAGER_EVERY = 40
_WHY = {
    ("t", "p"): "ran out of its 0.1 s here and just not there: wall clock here, a timer there",
    ("p", "t"): "ran out of its 0.1 s there and just not here",
    ("f", "p"): "fails here: a test before it took too long, and a new process begins without what those "
    "before it had changed in the module",
    ("p", "f"): "passes here: a test before it changed the module there, or swallowed its time-out",
}


def compare(quick: bool, tasks_at_most: int = 0, data: Path = DATA) -> dict[str, Any]:
    """Run all ways; seconds, cells and what differed. Without the data, an empty dict."""
    if not data.is_dir():
        return {}
    tasks = load(data, quick)
    if 0 < tasks_at_most < len(tasks):
        tasks = [tasks[i * len(tasks) // tasks_at_most] for i in range(tasks_at_most)]
    cores = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory(prefix="genx-codet-") as name:
        folder = Path(name).resolve()
        started = time.perf_counter()
        mine, memory, lost = _ours(tasks, folder, cores)
        ours = time.perf_counter() - started
        whole = [_for_peer(t, t.solutions) for t in tasks]
        theirs, forked = _peer("fork", whole, folder, cores)
        some = [_for_peer(t, t.solutions[::MANAGER_EVERY]) for t in tasks]
        _, managed = _peer("manager", some, folder, cores)
    solutions = sum(len(t.solutions) for t in tasks)
    sampled = sum(len(s["solutions"]) for s in some)
    places = [(t, i) for t in tasks for i in range(len(t.solutions))]
    differing = [
        {"task": task.name, "solution": i, "test": j, "here": a, "there": b}
        for (task, i), row, other in zip(places, mine, theirs, strict=True)
        for j, (a, b) in enumerate(zip(row, other, strict=True)) if (a == "p") != (b == "p")
    ]  # fmt: skip
    return {
        "tasks": len(tasks),
        "pairs": sum(len(t.solutions) * len(t.tests) for t in tasks),
        "ground_truth": solutions,
        "timeouts": sum(row.count("t") for row in mine),
        "cores": cores,
        "seconds": {
            "ours": ours,
            "fork_per_solution": forked,
            "process_and_manager": managed * solutions / sampled,
        },
        # Nobody gets these back: no runner can tell a call that would still end from one that never does.
        "seconds_out_of_time": lost / cores,
        "manager_sample": f"{sampled} of {solutions} solutions",
        "zygote_mb": memory,
        "cells_differing": dict(Counter(f"{d['here']} here, {d['there']} there" for d in differing)),
        "differing": differing,
    }


def show(found: dict[str, Any]) -> None:
    """The table, and each class of difference in words."""
    ours = found["seconds"]["ours"]
    rows = [(way, seconds, seconds / ours) for way, seconds in found["seconds"].items()]
    title = (
        f"CodeT: {found['tasks']} tasks, {found['pairs']:,} pairs, {found['ground_truth']:,} ground truths, "
        f"{found['cores']} cores"
    )
    table(("way", "seconds", "x ours"), rows, title)
    print(f"\nprocess_and_manager scaled from {found['manager_sample']}")
    print(f"memory of a zygote, shared pages counted once: {found['zygote_mb']:.0f} MB")
    waited = found["seconds_out_of_time"]
    rest = {way: max(seconds - waited, 0.0) for way, seconds in found["seconds"].items()}
    print(
        f"of it {waited:.1f} s went to calls that ran out of their time, in every way; what is left is "
        f"{rest['ours']:.1f} s here and {rest['fork_per_solution']:.1f} s for a fork a solution"
    )
    print(f"cells that took too long here: {found['timeouts']:,}")
    print(f"cells whose verdict differs from the plain fork's: {len(found['differing'])}")
    seen: Counter[tuple[str, str]] = Counter((d["here"], d["there"]) for d in found["differing"])
    for pair, count in seen.items():
        print(f"  {count}: {_WHY.get(pair, 'unexplained: ' + str(pair))}")
    for cell in found["differing"][:20]:
        where = f"{cell['task']} solution {cell['solution']} test {cell['test']}"
        print(f"  {where}: {cell['here']} here, {cell['there']} there")


def _for_peer(task: Task, solutions: tuple[str, ...]) -> dict[str, Any]:
    check = f"{task.check}\ncheck({task.entry_point})"
    return {"solutions": solutions, "tests": task.tests, "check": check}


def _ours(tasks: list[Task], folder: Path, jobs: int) -> tuple[list[str], float, float]:
    """Letters a solution, megabytes of a zygote, and the seconds given to calls that ran out of theirs."""
    limits = Limits(call_seconds=SECONDS, deaths=1_000_000)
    patient = Limits(call_seconds=CHECK_SECONDS)
    workspace = Workspace(Path(sys.executable), folder, (folder,))
    # A worker a core, each with one program at a time, as the peers have it.
    with contextlib.ExitStack() as stack, ThreadPoolExecutor(jobs) as workers:
        pairs: queue.SimpleQueue[tuple[Sandbox, Sandbox]] = queue.SimpleQueue()
        for _ in range(jobs):
            sandboxes = Sandbox(workspace, limits, 1), Sandbox(workspace, patient, 1)
            pairs.put((stack.enter_context(sandboxes[0]), stack.enter_context(sandboxes[1])))

        def work(task: Task) -> tuple[dict[str, str], float]:
            sandbox, judging = pairs.get()
            try:
                return _task(task, folder, sandbox, judging)
            finally:
                pairs.put((sandbox, judging))

        found = list(workers.map(work, tasks))
        memory = _megabytes(sandboxes[0])
    rows = [
        letters[str(i)]
        for task, (letters, _) in zip(tasks, found, strict=True)
        for i in range(len(task.solutions))
    ]
    return rows, memory, sum(seconds for _, seconds in found)


def _megabytes(sandbox: Sandbox) -> float:
    lines = Path(f"/proc/{sandbox.zygotes()[-1]}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def _task(task: Task, folder: Path, sandbox: Sandbox, judging: Sandbox) -> tuple[dict[str, str], float]:
    programs = [
        Program(str(i), "solution", str(folder / "solution.py"), source)
        for i, source in enumerate(task.solutions)
    ]
    position: dict[tuple[str, str], int] = {}
    for planned in task.planned:
        position.setdefault((planned.setup, planned.expression), len(position))
    calls = [Call(str(c), expression, setup) for (setup, expression), c in position.items()]
    check = Call("check", f"check({task.entry_point})", task.check)
    wanted = [(position[p.setup, p.expression], _expectation(p)) for p in task.planned]
    wanted.append((len(calls), Returns(Value.of(None))))
    known: dict[tuple[int, str], str] = {}
    rows = {}
    unsure = []
    lost = 0.0
    for result in sandbox.run_calls(programs, [*calls, check]):
        letters = []
        for t, (c, expectation) in enumerate(wanted):
            outcome = result.outcomes[c]
            letter = known.get((t, outcome.key))
            if letter is None:
                letter = known[t, outcome.key] = _letter(outcome, expectation)
            letters.append(letter)
        rows[result.program_key] = "".join(letters)
        lost += sum(outcome.seconds for outcome in result.outcomes if outcome.kind == "timeout")
        if letters[-1] == "t":
            unsure.append(programs[int(result.program_key)])
    # HumanEval's own check has more time than a test.
    for result in judging.run_calls(unsure, [check]):
        letter = _letter(result.outcomes[0], wanted[-1][1])
        lost += CHECK_SECONDS if letter == "t" else 0.0
        rows[result.program_key] = rows[result.program_key][:-1] + letter
    return rows, lost


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


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DATA, help="the folder that holds CodeT's files")
    parser.add_argument("--tasks", type=int, default=ALL_TASKS, help="how many of the 164 tasks")
    options = parser.parse_args()
    found = compare(False, options.tasks, options.data)
    if not found:
        sys.exit(f"{options.data} is no folder: name the one that holds CodeT's files with --data DIR.")
    show(found)
    write("codet", {**found, "machine": machine()})


if __name__ == "__main__":
    main()

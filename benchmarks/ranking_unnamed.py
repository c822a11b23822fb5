"""Calls that no test names, run on CodeT's candidates: agreement needs inputs, not expectations.

The calls are the product's own neighbours (`genx_lsp.propose.neighbours`) of those that the tests make.
What came out is kept beside the other outcomes, a file a task.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ranking_data import Task
from ranking_execute import answers
from ranking_figures import USUAL, Unnamed

from genx_lsp.candidate import CallTest, TestOrigin
from genx_lsp.propose import neighbours
from genx_sandbox import Call, Limits, Program, Sandbox, Workspace

COUNT = 60
"""Calls a task."""
SEED = 0
DEATHS = 2
"""So many calls of a program may run out of time before the rest of its calls do."""


def execute_unnamed(tasks: Sequence[Task], cache: Path, jobs: int = 0) -> tuple[list[Unnamed], float]:
    """Every program on the calls that no test names, in the order of the tasks; and the seconds that took."""
    seconds = 0.0
    found = []
    with tempfile.TemporaryDirectory(prefix="genx-ranking-") as name:
        folder = Path(name).resolve()
        workspace = Workspace(Path(sys.executable), folder, (folder,))
        with Sandbox(workspace, Limits(call_seconds=USUAL), jobs) as sandbox:
            for number, task in enumerate(tasks, start=1):
                calls = unnamed_calls(task)
                path = cache / f"{task.name.replace('/', '-')}-unnamed-{_digest(task, calls)}.npz"
                if not path.exists():
                    started = time.perf_counter()
                    _save(path, _run(task, calls, folder, sandbox))
                    seconds += time.perf_counter() - started
                    progress = f"{number}/{len(tasks)} {task.name}, unnamed calls, {seconds:.0f} s"
                    print(f"\r{progress:<60}", end="", file=sys.stderr, flush=True)
                with np.load(path) as arrays:
                    found.append(Unnamed(arrays["outcomes"], arrays["answered"]))
    if seconds:
        print(file=sys.stderr)
    return found, seconds


def unnamed_calls(task: Task) -> list[str]:
    """At most `COUNT` expressions; none where the tests' calls have no literal arguments."""
    known = [
        CallTest(key=str(c), expression=task.calls[c][1], origin=TestOrigin.MODEL)
        for c in task.behaviour
        if not task.calls[c][0]
    ]
    return [test.expression for test in neighbours.propose(known, COUNT, SEED) if isinstance(test, CallTest)]


def _run(task: Task, expressions: Sequence[str], folder: Path, sandbox: Sandbox) -> Unnamed:
    programs = [
        Program(str(i), "solution", str(folder / "solution.py"), source, deaths=DEATHS)
        for i, source in enumerate(task.solutions)
    ]
    calls = [Call(str(c), expression) for c, expression in enumerate(expressions)]
    shape = (len(programs), len(calls))
    outcomes, answered = np.zeros(shape, dtype=np.int32), np.zeros(shape, dtype=bool)
    numbers: dict[str, int] = {}
    for result in sandbox.run_calls(programs, calls) if calls else ():
        i = int(result.program_key)
        for c, outcome in enumerate(result.outcomes):
            number = 0 if outcome.kind == "timeout" else numbers.setdefault(outcome.key, len(numbers) + 1)
            outcomes[i, c] = number
            answered[i, c] = answers(outcome)
    return Unnamed(outcomes, answered)


def _digest(task: Task, calls: Sequence[str]) -> str:
    return hashlib.sha256(repr((task.solutions, calls, USUAL)).encode("utf-8", "surrogatepass")).hexdigest()[
        :16
    ]


def _save(path: Path, found: Unnamed) -> None:
    partial = path.with_suffix(".partial.npz")
    np.savez_compressed(partial, allow_pickle=False, outcomes=found.outcomes, answered=found.answered)
    os.replace(partial, path)

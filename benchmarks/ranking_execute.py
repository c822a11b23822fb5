"""Run CodeT's candidates in our sandbox, once: what came out is kept in `build/ranking`, a file a task.

Scorers can then be tried in seconds. A file is named after a digest of its task and of the limits, so a
change of either runs that task again.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ranking_data import Planned, Task
from ranking_figures import LIMITS, Recorded

from genx_sandbox import Call, Limits, Outcome, Program, Returns, Sandbox, Value, Workspace, judge

Array = NDArray[Any]

CHECK_SECONDS = 3.0
"""Ground truth gets HumanEval's own time, so that a busy machine makes no right program wrong."""


def execute(tasks: Sequence[Task], cache: Path, jobs: int = 0) -> tuple[list[Recorded], float]:
    """Every program on every call, and on HumanEval's check; also the seconds that took (0 if cached)."""
    cache.mkdir(parents=True, exist_ok=True)
    seconds = 0.0
    recorded = []
    with tempfile.TemporaryDirectory(prefix="genx-ranking-") as name:
        folder = Path(name).resolve()
        workspace = Workspace(Path(sys.executable), folder, (folder,))
        quick = Limits(call_seconds=LIMITS[-1])
        patient = Limits(call_seconds=CHECK_SECONDS)
        with Sandbox(workspace, quick, jobs) as sandbox, Sandbox(workspace, patient, jobs) as judging:
            for number, task in enumerate(tasks, start=1):
                path = cache / f"{task.name.replace('/', '-')}-{_digest(task)}.npz"
                if not path.exists():
                    started = time.perf_counter()
                    _save(path, _run(task, folder, sandbox, judging))
                    seconds += time.perf_counter() - started
                    progress = f"{number}/{len(tasks)} {task.name}, {seconds:.0f} s"
                    print(f"\r{progress:<60}", end="", file=sys.stderr, flush=True)
                recorded.append(_load(path, task))
    if seconds:
        print(file=sys.stderr)
    return recorded, seconds


def _run(task: Task, folder: Path, sandbox: Sandbox, judging: Sandbox) -> dict[str, Array]:
    programs = [
        Program(str(i), "solution", str(folder / "solution.py"), source)
        for i, source in enumerate(task.solutions)
    ]
    check = Call("check", f"check({task.entry_point})", setup=task.check)
    calls = [Call(str(c), expression, setup) for c, (setup, expression) in enumerate(task.calls)]
    position = {call: c for c, call in enumerate(task.calls)}
    tests_of: list[list[int]] = [[] for _ in calls]
    for t, planned in enumerate(task.planned):
        tests_of[position[planned.setup, planned.expression]].append(t)
    wanted = [_expectation(planned) for planned in task.planned]

    outcomes = np.zeros((len(programs), len(calls)), dtype=np.int32)
    answered = np.zeros(outcomes.shape, dtype=bool)
    slow = np.zeros(outcomes.shape, dtype=np.uint8)
    passed = np.zeros((len(programs), len(wanted)), dtype=bool)
    right = np.zeros(len(programs), dtype=bool)
    numbers: dict[str, int] = {}
    verdicts: dict[tuple[int, int], bool] = {}
    unsure = []
    for result in sandbox.run_calls(programs, [*calls, check]):
        i = int(result.program_key)
        *rest, truth = result.outcomes
        for c, outcome in enumerate(rest):
            # 0 is kept for "took too long", which a tighter limit turns other outcomes into.
            number = 0 if outcome.kind == "timeout" else numbers.setdefault(outcome.key, len(numbers) + 1)
            outcomes[i, c] = number
            answered[i, c] = answers(outcome)
            slow[i, c] = int(np.searchsorted(LIMITS, outcome.seconds))
            for t in tests_of[c]:
                known = verdicts.get((t, number))
                if known is None:
                    known = verdicts[t, number] = judge(outcome, wanted[t]) is True
                passed[i, t] = known
        right[i] = _is_none(truth)
        if truth.kind in ("timeout", "refused") and not result.load_error:
            unsure.append(programs[i])
    for result in judging.run_calls(unsure, [check]):
        right[int(result.program_key)] = _is_none(result.outcomes[0])
    return {"outcomes": outcomes, "answered": answered, "slow": slow, "passed": passed, "right": right}


def _expectation(planned: Planned) -> Returns:
    if planned.how == "holds":
        return Returns(Value.of(True), exact=True)
    return Returns(Value.of(planned.expected), exact=planned.how == "is")


def answers(outcome: Outcome) -> bool:
    """An exception is no answer; neither is None, which is what a function returns that falls off its end."""
    return outcome.kind == "value" and outcome.value is not None and outcome.value.kind != "none"


def _is_none(outcome: Outcome) -> bool:
    """`check` returned: every assertion in it held."""
    return outcome.kind == "value" and outcome.value is not None and outcome.value.kind == "none"


def _digest(task: Task) -> str:
    parts = repr((task.solutions, task.calls, task.planned, task.check, LIMITS))
    return hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _save(path: Path, arrays: dict[str, Array]) -> None:
    partial = path.with_suffix(".partial.npz")
    np.savez_compressed(partial, allow_pickle=False, **arrays)
    os.replace(partial, path)


def _load(path: Path, task: Task) -> Recorded:
    position = {call: c for c, call in enumerate(task.calls)}
    with np.load(path) as arrays:
        return Recorded(
            name=task.name,
            code_weights=np.array(task.solution_weights, dtype=np.float64),
            test_weights=np.array(task.test_weights, dtype=np.float64),
            test_calls=np.array([position[p.setup, p.expression] for p in task.planned], dtype=np.intp),
            behaviour=np.array(task.behaviour, dtype=np.intp),
            outcomes=arrays["outcomes"],
            answered=arrays["answered"],
            slow=arrays["slow"],
            passed=arrays["passed"],
            right=arrays["right"],
        )

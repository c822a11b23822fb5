"""Training problems without a known solution: the program that the candidates agree on most stands in.

What is withheld is the solution and the tests; the description is all that is left. The code model writes
programs, the test model tests, each is run against each, and the program that the default scorer puts first
becomes the reference, if at least two samples behave as it does on the tests. Else the problem is left out.
How often the choice is right, by the tests that were withheld, is told and used for nothing.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from genx_lsp.config import Settings
from genx_lsp.engine.engine import add_tests
from genx_lsp.engine.job import Job
from genx_lsp.learn.folders import LearnError, read_json, write_json
from genx_lsp.learn.problems import read_corpus, tests_in
from genx_lsp.learn.seam import WithAdapter
from genx_lsp.learn.workbench import Sandboxes, passes_all, prepare
from genx_lsp.propose import model_tests, rewrite
from genx_lsp.rank import score
from genx_models import Worker
from genx_sandbox import SandboxCancelled

_FEWEST = 2
"""Samples that must behave alike: one alone agrees with nobody."""
_SERIES = 700


@dataclass(frozen=True)
class StandIns:
    """Tasks as they are trained on."""

    tasks: list[dict[str, Any]]
    withheld: int
    found: int
    right: int

    def told(self) -> str:
        """In a sentence; empty where nothing was withheld."""
        if not self.withheld:
            return ""
        return (
            f"Solutions and tests of {self.withheld} training problems withheld: the candidates agree on "
            f"{self.found} of them, and are right in {self.right}."
        )


def stand_ins(
    tasks: list[dict[str, Any]],
    share: float,
    worker: Worker,
    settings: Settings,
    boxes: Sandboxes,
    work: Path,
) -> StandIns:
    """The first of the tasks, `share` of them, as they are; the others with what agreement came to."""
    known = tasks[: round(len(tasks) * share)]
    withheld = tasks[len(known) :]
    found: list[dict[str, Any]] = []
    right = 0
    for number, task in enumerate(withheld):
        path = work / "agreement" / f"{number}.json"
        stored = read_json(path)
        if stored is None:
            stored = _agreed(task, worker, settings, boxes, work / "bare" / str(number))
            write_json(path, stored)
        if stored["source"]:
            found.append({**task, "prompt": "", "canonical_solution": stored["source"], "test": ""})
            right += stored["right"]
    return StandIns([*known, *found], len(withheld), len(found), right)


def _agreed(
    task: dict[str, Any], worker: Worker, settings: Settings, boxes: Sandboxes, work: Path
) -> dict[str, Any]:
    nothing = {"source": "", "right": False}
    work.mkdir(parents=True, exist_ok=True)
    bare = work / "bare.jsonl"
    # A docstring is a body: the function is there, and says nothing of how it is done.
    bare.write_text(json.dumps({**task, "canonical_solution": "", "test": ""}) + "\n", "utf-8")
    try:
        (problem,) = read_corpus(bare, work / "corpus", [])
    except LearnError:
        return nothing
    model = WithAdapter(worker, "")
    box = boxes.of(problem.project)
    job = prepare(problem, box, settings, threading.Event(), code_model=model, test_model=model)
    try:
        source = _best(job)
    except SandboxCancelled:
        return nothing
    if not source:
        return nothing
    tests = list(tests_in(str(task.get("test", "")), problem.target))
    for test in tests:
        job.matrix.add_test(test)
    chosen = next(code for code in job.matrix.codes if code.source == source)
    job.matrix.fill([chosen], tests, job.budget)
    imports = problem.target.module_source[: problem.target.module_source.find("def ")]
    return {"source": imports + source, "right": passes_all(job, chosen, tests)}


def _best(job: Job) -> str:
    """Source of the program that is put first; empty where too few agree with it."""
    matrix, context = job.matrix, job.context(series=_SERIES)
    programs = [code for code in rewrite.propose(context) if code.key != job.original.key]
    for code in programs:
        matrix.add_code(code)
    before = {test.key for test in matrix.tests}
    add_tests(job, model_tests.propose(context))
    tests = [test for test in matrix.tests if test.key not in before]
    if not programs or not tests:
        return ""
    matrix.fill(programs, tests, job.budget)
    passed = matrix.bits(programs, tests)
    weights = np.array([code.weight for code in programs])
    scores, _ = score("default", passed, weights, np.array([test.weight for test in tests]))
    best = int(np.argmax(scores))
    alike = (passed == passed[best]).all(axis=1)
    if not passed[best].any() or weights[alike].sum() < _FEWEST:
        return ""
    return programs[best].source

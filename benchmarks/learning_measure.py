"""One HumanEval problem measured: programs, tests, and what each says of the other."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from itertools import islice
from math import comb
from typing import Any

import numpy as np

from genx_lsp.candidate import CallTest, CodeCandidate
from genx_lsp.config import Settings
from genx_lsp.engine.engine import add_tests
from genx_lsp.engine.job import Job
from genx_lsp.learn.problems import Problem
from genx_lsp.learn.seam import WithAdapter
from genx_lsp.learn.workbench import passes_all, prepare
from genx_lsp.propose import model_tests, mutate, rewrite
from genx_lsp.rank import score
from genx_models import Worker
from genx_sandbox import Executor, SandboxCancelled

_MUTANTS = 24
_SERIES = 900
"""Other samples than those of the rollouts and of the gate."""


@dataclass(frozen=True)
class Candidates:
    """Who writes them: a worker and the adapter of each role (empty for the model alone)."""

    worker: Worker
    code: str
    test: str


def measure(problem: Problem, by: Candidates, executor: Executor, settings: Settings) -> dict[str, Any]:
    """The problem's figures; `unusable` says why it has none."""
    job = prepare(
        problem,
        executor,
        settings,
        threading.Event(),
        code_model=WithAdapter(by.worker, by.code),
        test_model=WithAdapter(by.worker, by.test),
    )
    known = [test for test in job.trusted_calls if job.matrix.passed(job.original, test) is True]
    if job.notes or not known:
        return {"unusable": job.notes[0] if job.notes else "no known call of it can be judged"}
    try:
        return _figures(job, known, settings.generation.rewrites)
    except SandboxCancelled:
        return {"unusable": "it took too long"}


def _figures(job: Job, known: list[CallTest], draws: int) -> dict[str, Any]:
    matrix, context = job.matrix, job.context(series=_SERIES)
    programs = list(rewrite.propose(context))
    for code in programs:
        matrix.add_code(code)
    matrix.fill(programs, known, job.budget)
    right = [passes_all(job, code, known) for code in programs]

    before = {test.key for test in matrix.tests}
    add_tests(job, model_tests.propose(context))
    tests = [test for test in matrix.tests if test.key not in before]
    matrix.fill([job.original, *programs], tests, job.budget)
    holding = [test for test in tests if matrix.passed(job.original, test) is True]
    weight = sum(test.weight for test in tests)

    correct = round(sum(code.weight for code, good in zip(programs, right, strict=True) if good))
    return {
        "unusable": "",
        "draws": draws,
        "correct": correct,
        "pass1": _pass_at(draws, correct, 1),
        "pass_most": _pass_at(draws, correct, min(10, draws)),
        "test_pass_rate": sum(test.weight for test in holding) / weight if weight else 0.0,
        "test_pass_num": len(holding),
        "killed": _killed(job, holding),
        "ranking_pass1": _ranked(job, programs, right, tests),
    }


def _pass_at(draws: int, correct: int, k: int) -> float:
    """Unbiased (Chen et al. 2021, "Codex", section 2.1); answers that are no program count as wrong."""
    return 1.0 - comb(draws - correct, k) / comb(draws, k)


def _killed(job: Job, holding: list[CallTest]) -> float | None:
    """None where the reference has no small change."""
    mutants = list(islice(mutate.propose(job.context()), _MUTANTS))
    if not mutants:
        return None
    for mutant in mutants:
        job.matrix.add_code(mutant)
    job.matrix.fill(mutants, holding, job.budget)
    told = [any(job.matrix.passed(m, test) is False for test in holding) for m in mutants]
    return sum(told) / len(mutants)


def _ranked(job: Job, programs: list[CodeCandidate], right: list[bool], tests: list[CallTest]) -> float:
    """Chance that a program of the best score is right; at random where no test is passed by any."""
    if not programs:
        return 0.0
    weights = np.array([code.weight for code in programs])
    good = np.array(right)
    scores = np.zeros(len(programs))
    if tests:
        passed = job.matrix.bits(programs, tests)
        scores, _ = score("default", passed, weights, np.array([test.weight for test in tests]))
    best = np.round(scores, 9) == np.round(scores, 9).max()
    return float(weights[best] @ good[best] / weights[best].sum())

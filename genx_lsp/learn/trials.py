"""A gate's trial: one held-out function, generated for with an adapter and without, and executed."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence

import msgspec

from genx_lsp.config import Settings
from genx_lsp.engine.engine import add_tests
from genx_lsp.engine.job import Job
from genx_lsp.learn.examples import TAKEN, Example
from genx_lsp.learn.gate import Trial
from genx_lsp.learn.problems import Problem
from genx_lsp.learn.seam import WithAdapter
from genx_lsp.learn.workbench import passes_all, prepare
from genx_lsp.propose import model_tests, rewrite
from genx_models import Worker
from genx_models.adapters import Role
from genx_sandbox import Executor, SandboxCancelled

_SEED_APART = 500_000
"""Trials draw other samples than the rollouts that were trained on."""
DRAWS = 3
"""Times as many of them a function: held-out functions are few, and a share of four says little of one."""


def trial(
    problem: Problem,
    answers: Sequence[Example],
    role: Role,
    worker: Worker,
    adapters: tuple[str, str],
    executor: Executor,
    settings: Settings,
    cancel: threading.Event,
) -> Trial:
    """`adapters`: the name in use now (or empty), and the new one. Raises `ModelError`, `SandboxError`."""
    held = None
    more = DRAWS * settings.generation.tests, DRAWS * settings.generation.rewrites
    generation = msgspec.structs.replace(settings.generation, tests=more[0], rewrites=more[1])
    settings = msgspec.structs.replace(settings, generation=generation)
    # Where the time is over nothing is held against either; where it was cancelled the caller looks.
    with contextlib.suppress(SandboxCancelled):
        before = _share(problem, role, WithAdapter(worker, adapters[0]), executor, settings, cancel)
        if before is not None:
            after = _share(problem, role, WithAdapter(worker, adapters[1]), executor, settings, cancel)
            held = (before, after) if after is not None else None
    taken = [e for e in answers if e.origin in TAKEN]
    return Trial(problem.key, held, *(_likelihood(some, worker, adapters) for some in (answers, taken)))


def _share(
    problem: Problem,
    role: Role,
    model: WithAdapter,
    executor: Executor,
    settings: Settings,
    cancel: threading.Event,
) -> float | None:
    """Share of what is generated that holds; None where nothing is known to be right."""
    job = prepare(
        problem,
        executor,
        settings,
        cancel,
        code_model=model if role == "code" else None,
        test_model=model if role == "test" else None,
    )
    if job.notes:
        return None
    return _tests_held(job) if role == "test" else _programs_held(job, problem, settings)


def _tests_held(job: Job) -> float:
    made = list(model_tests.propose(job.context(series=_SEED_APART // 1_000)))
    add_tests(job, made)
    job.matrix.fill([job.original], job.matrix.tests, job.budget)
    weight = sum(test.weight for test in made if hasattr(test, "weight"))
    held = sum(getattr(test, "weight", 1.0) for test in made if job.matrix.passed(job.original, test) is True)
    return held / weight if weight else 0.0


def _programs_held(job: Job, problem: Problem, settings: Settings) -> float | None:
    for test in problem.taken.tests:
        job.matrix.add_test(test)
    job.matrix.fill([job.original], problem.taken.tests, job.budget)
    tests = [*job.trusted_calls]
    tests = [test for test in tests if job.matrix.passed(job.original, test) is True]
    if not tests:
        return None
    made = list(rewrite.propose(job.context(series=_SEED_APART // 1_000)))
    for code in made:
        job.matrix.add_code(code)
    job.matrix.fill(made, tests, job.budget)
    held = sum(code.weight for code in made if passes_all(job, code, tests))
    return held / max(1, settings.generation.rewrites)


def _likelihood(
    answers: Sequence[Example], worker: Worker, adapters: tuple[str, str]
) -> tuple[float, float] | None:
    if not answers:
        return None
    sums = [
        sum(worker.score(e.prompt, [e.answer], adapter=adapter)[0] for e in answers) / len(answers)
        for adapter in adapters
    ]
    return sums[0], sums[1]

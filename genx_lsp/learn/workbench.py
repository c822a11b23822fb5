"""One problem made ready to be judged on: its known-good tests run, and its sandbox open."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from genx_lsp import discovery
from genx_lsp.candidate import CallTest, CodeCandidate
from genx_lsp.config import Settings
from genx_lsp.engine import open_sandbox, trust
from genx_lsp.engine.budget import Budget
from genx_lsp.engine.engine import add_tests
from genx_lsp.engine.job import Job
from genx_lsp.engine.matrix import Matrix
from genx_lsp.errors import Unavailable
from genx_lsp.learn.problems import Problem
from genx_lsp.project import Project, tests_naming
from genx_lsp.propose import docstring_examples, user_tests
from genx_models import Generator
from genx_sandbox import Executor, Sandbox, SandboxError

PROBLEM_SECONDS = 300.0
"""Longest that one problem may take, generation included; what is there by then counts."""


class Sandboxes:
    """One sandbox a project, opened when first needed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._open: dict[Path, Sandbox] = {}

    def of(self, project: Project) -> Executor:
        """The project's sandbox. Raises `Unavailable`."""
        if project.root not in self._open:
            try:
                self._open[project.root] = open_sandbox(project, self._settings)
            except SandboxError as error:
                raise Unavailable(str(error)) from error
        return self._open[project.root]

    def close(self) -> None:
        """End them all."""
        for sandbox in self._open.values():
            sandbox.close()
        self._open.clear()


@contextmanager
def sandboxes(settings: Settings) -> Iterator[Sandboxes]:
    """Sandboxes that are closed in the end."""
    with ExitStack() as stack:
        boxes = Sandboxes(settings)
        stack.callback(boxes.close)
        yield boxes


def prepare(
    problem: Problem,
    executor: Executor,
    settings: Settings,
    cancel: threading.Event,
    *,
    code_model: Generator | None = None,
    test_model: Generator | None = None,
) -> Job:
    """A job that has run the problem's own code on its known-good tests; nothing is generated yet.

    Raises `SandboxError`.
    """
    job = Job(
        target=problem.target,
        project=problem.project,
        settings=settings,
        want="both",
        budget=Budget(cancel, PROBLEM_SECONDS),
        executor=executor,
        matrix=Matrix(problem.target, executor),
        code_model=code_model,
        test_model=test_model,
        tests_text=tests_naming(problem.target, problem.project, lambda file: discovery.decode(file).text),
    )
    add_tests(job, problem.trusted)
    add_tests(job, docstring_examples.propose(job.context()))
    add_tests(job, user_tests.propose(job.context()))
    trust.settle_expected_texts(job)
    trouble = trust.run_original(job)
    if trouble:
        job.note(f"its module cannot be run: {trouble}")
    trust.exclude_unstable(job)
    if job.failing:
        job.note("its code fails tests that are known to be right")
    return job


def passes_all(job: Job, code: CodeCandidate, tests: list[CallTest]) -> bool:
    """Whether a program passes every one of some calls, of which there is at least one."""
    return bool(tests) and all(job.matrix.passed(code, test) is True for test in tests)

"""The last word before anything is shown: the file that would be written, run as the user would run it.

Real pytest items at the full level; below it each test split, and what cannot be run so is not shown.
"""

from __future__ import annotations

from pathlib import Path

from genx_lsp import emit
from genx_lsp.discovery import decode
from genx_lsp.engine.budget import Budget
from genx_lsp.engine.graded import run_file
from genx_lsp.engine.job import Job
from genx_lsp.errors import EmitError, SourceError
from genx_lsp.findings import TestFilePlan, TestSuggestion
from genx_sandbox import SandboxUnavailable, TestFile

# A test has to pass so often; what depends on chance or the clock often differs the second time.
RUNS = 2


def plan(job: Job, budget: Budget) -> None:
    """Make the test file, run it in the sandbox, and keep only suggestions whose test passed every time."""
    job.plan = None
    if not job.tests:
        return
    for _ in range(2):
        try:
            made = make(job, job.tests)
        except (EmitError, SourceError) as error:
            job.note(str(error))
            job.tests = ()
            return
        if made is None:
            job.tests = ()
            return
        try:
            bad = failures(job, made, budget)
        except SandboxUnavailable as error:
            job.note(f"Tests cannot be run here, so none are offered: {error}")
            job.tests = ()
            return
        if not bad:
            job.plan = made
            return
        keep = survivors(job, budget)
        if len(keep) == len(job.tests):
            break
        job.tests = keep
        if not keep:
            return
    job.note("The generated tests did not pass when run as a file under pytest, so they are not offered.")
    job.tests = ()


def make(job: Job, tests: tuple[TestSuggestion, ...]) -> TestFilePlan | None:
    """The file that would be written for these suggestions."""
    path = emit.test_path(job.target, job.project, job.settings)
    return emit.plan_tests(job.target, job.project, job.settings, tests, read(path))


def read(path: Path) -> str | None:
    """An existing test file's text; None where there is none."""
    if not path.is_file():
        return None
    text: str = decode(path).text
    return text


def failures(job: Job, made: TestFilePlan, budget: Budget) -> list[str]:
    """Node ids among the added ones that did not pass each time; the file itself where nothing ran."""
    program = job.matrix.program(job.original)
    bad: list[str] = []
    for _ in range(RUNS):
        file = TestFile(made.path, made.new_text, made.added)
        for result in run_file(job.executor, [program], file, budget):
            if result.error or not result.items:
                job.note(f"{made.path.name} could not be run under pytest: {result.error or 'no test ran'}.")
                return [made.path.name]
            bad.extend(i.node_id for i in result.items if i.outcome != "passed")
    return bad


def survivors(job: Job, budget: Budget) -> tuple[TestSuggestion, ...]:
    """Where a file fails, each suggestion alone: of a parametrised test only some cases may fail."""
    keep = []
    for suggestion in job.tests:
        alone = make(job, (suggestion,))
        if alone is not None and _passes(job, alone, budget):
            keep.append(suggestion)
    return tuple(keep)


def _passes(job: Job, made: TestFilePlan, budget: Budget) -> bool:
    try:
        return not failures(job, made, budget)
    except SandboxUnavailable:
        return False

"""What is sure already is shown while the rest is still being found out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from genx_lsp.engine import choose, repair, trust, verify
from genx_lsp.engine.budget import Budget
from genx_lsp.engine.doubt import Settled
from genx_lsp.engine.job import Job
from genx_sandbox import SandboxCancelled


def specification(job: Job) -> Iterator[str]:
    """Tests that somebody vouches for and the saved code meets, or what it does instead.

    A few calls, a few faults, one file: nothing is waited for that this does not need. Yields what is done
    next where there is something to show.
    """
    trust.settle_expected_texts(job)
    if trust.run_original(job):
        return
    trust.exclude_unstable(job)
    if job.failing and job.want != "tests":
        repair.rank_fixes(job, ())
        yield "looking for a fix"
    elif not job.failing and job.want != "fixes":
        show_tests(job, (), job.budget, "vouched")
        if job.tests:
            yield "trying more calls"


def show_tests(job: Job, settled: Sequence[Settled], budget: Budget, effort: choose.Effort) -> None:
    """Choose and verify tests to show meanwhile; where time is short, what was shown before stays."""
    shown = job.tests, job.plan
    try:
        choose.choose(job, settled, budget, effort)
        verify.plan(job, budget)
    except SandboxCancelled:
        job.tests, job.plan = shown
        if job.budget.is_set():
            raise

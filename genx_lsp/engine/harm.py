"""What a fix breaks or leaves broken beside the known-good tests, judged by how the saved code fails them.

Code that fails its tests only by errors, by calls that raise or never end, gave an answer everywhere else,
and nothing speaks against those answers: a fix that changes them pays for it. One that still ends somewhere
in the very error that the tests forbid has not mended the cause. Where a test fails by a wrong answer, any
answer may be wrong, and only the errors are counted.
"""

from __future__ import annotations

from genx_lsp.candidate import CallTest, CodeCandidate
from genx_lsp.engine.job import Job
from genx_sandbox import Outcome

_NO_END = ("timeout", "crash", "refused")


def harm(job: Job) -> dict[str, int]:
    """By code key: on how many calls that nobody vouches for a plausible candidate does harm."""
    failing = [job.matrix.outcome(job.original, t) for t in job.failing if isinstance(t, CallTest)]
    ways = {_way(outcome) for outcome in failing if outcome is not None}
    errors = ways - {""}
    if not errors:
        return {}
    calls = [*job.usable, *job.dubious]
    known = {(t.setup, t.expression) for t in job.trusted_calls}
    fresh = {(t.setup, t.expression): t for t in calls if (t.setup, t.expression) not in known}
    return {
        code.key: sum(_harms(job, code, test, errors, "" not in ways) for test in fresh.values())
        for code in job.plausible
    }


def _harms(job: Job, code: CodeCandidate, test: CallTest, errors: set[str], only_errors: bool) -> bool:
    here, there = job.matrix.outcome(code, test), job.matrix.outcome(job.original, test)
    if here is None or there is None:
        return False
    if _way(here):
        return _way(here) in errors or not _way(there)
    return only_errors and not _way(there) and here.key != there.key


def _way(outcome: Outcome) -> str:
    """How a call failed; nothing where it gave a value."""
    if outcome.kind == "exception" and outcome.raised is not None:
        return outcome.raised.type_name
    return "no end" if outcome.kind in _NO_END else ""

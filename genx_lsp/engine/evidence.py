"""What a fix or an alarm shows for itself: how many tests, which counter-example, on what basis."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from genx_lsp import emit
from genx_lsp.candidate import CallTest, CodeCandidate
from genx_lsp.engine import doubt
from genx_lsp.engine.doubt import Settled, does
from genx_lsp.engine.job import Job
from genx_lsp.findings import Basis, Evidence, FixSuggestion, SuspectedBug


def counter_examples(job: Job, settled: Sequence[Settled]) -> list[str]:
    """What the saved code does wrong, in sentences, shortest first; by witnesses, failures first."""
    sentences = [
        doubt.counter_example(job, t, doubt.expected_words(job, t))
        for t in job.failing
        if isinstance(t, CallTest)
    ]
    sentences += [f"the project's own test `{t.node_id}` fails" for t in job.failing_items]
    if sentences:
        return sorted(sentences, key=len)
    told = [
        (not s.failure, doubt.counter_example(job, s.test, doubt.outcome_words(s.outcome)))
        for s in settled
        if s.dissent
    ]
    return [sentence for _, sentence in sorted(told, key=lambda one: (one[0], len(one[1])))]


def suggestion(
    job: Job, code: CodeCandidate, settled: Sequence[Settled], value: float, agreeing: int
) -> FixSuggestion:
    """One fix with its evidence."""
    matrix = job.matrix
    weighed = [t for t in job.trusted if matrix.passed(job.original, t) is not None]
    passed = sum(matrix.passed(code, t) is True for t in weighed)
    current = sum(matrix.passed(job.original, t) is True for t in weighed)
    count = len(weighed)
    if not job.failing:
        passed += sum(does(job, code, s) for s in settled)
        current += sum(not s.dissent for s in settled)
        count += len(settled)
    examples = counter_examples(job, settled)
    return FixSuggestion(
        id=suggestion_id(job, code.key),
        code=code,
        title=emit.title(job.target, code),
        edits=emit.fix_edits(job.target, code),
        diff=emit.diff(job.target, code),
        evidence=Evidence(
            passed=passed,
            current_passed=current,
            tests=count,
            score=value,
            agreeing=agreeing,
            candidates=len(job.witnesses),
            counter_example=examples[0] if examples else "",
            grade="items" if matrix.items and not job.trusted_calls else "values",
        ),
    )


def suspected(job: Job, settled: Sequence[Settled], fix: CodeCandidate | None) -> SuspectedBug:
    """The alarm: where, on what evidence, and how sure."""
    examples = counter_examples(job, settled)
    basis: Basis = "specification" if job.failing else "agreement"
    scores = doubt.suspicion(job, settled)
    line = job.target.def_line
    if fix is not None:
        edits = emit.fix_edits(job.target, fix)
        if edits:
            line = max(job.target.def_line, edits[0].first_line)
    elif scores:
        line = next(iter(scores))
    if basis == "specification":
        confidence = 1.0
        because = "its own examples or tests say otherwise"
    else:
        dissent = [s for s in settled if s.dissent]
        confidence = min(s.share for s in dissent) if dissent else 0.0
        because = f"{len(job.witnesses)} programs written from its description agree on that"
    example = examples[0] if examples else "a known-good test fails"
    return SuspectedBug(
        line=line,
        counter_example=example,
        basis=basis,
        message=f"`{job.target.qualified_name}` looks wrong: {example} ({because}).",
        confidence=confidence,
    )


def suggestion_id(job: Job, key: str) -> str:
    """Stable over runs: the same code and the same suggestion give the same id."""
    text = f"{job.target.path}\0{job.target.qualified_name}\0{job.target.ast_hash}\0{key}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]

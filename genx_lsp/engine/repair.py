"""Fixes: make candidates, keep those that survive every known-good vote, rank the survivors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice

from genx_lsp.candidate import CallTest, CodeCandidate, CodeOrigin, TestCandidate
from genx_lsp.engine import doubt, edit_cost, evidence, rivals
from genx_lsp.engine.budget import Budget
from genx_lsp.engine.doubt import Settled
from genx_lsp.engine.harm import harm
from genx_lsp.engine.job import Job
from genx_lsp.propose.context import Context
from genx_lsp.rank import Outcomes, score
from genx_lsp.rank.clusters import cluster
from genx_sandbox import SandboxCancelled

# Candidates are run in batches, so that a good one is found before the last one is made.
BATCH = 24
# Fixes shown at most: each behaves differently from the others.
SHOWN = 3
# A known-good test speaks as loud as so many of the models' own.
TRUSTED_WEIGHT = 10.0
# By agreement alone, a small edit must do what the witnesses do on this share of the settled calls.
EXPLAINED = 0.95
# Nats, of body and edit together. Witnesses are few and err alike on calls that nobody would make;
# they are not heard against a body that is so much likelier.
FAR_FETCHED = 20.0
ORIGIN_ORDER = {CodeOrigin.MUTATE: 0, CodeOrigin.INFILL: 1, CodeOrigin.REWRITE: 2, CodeOrigin.ORIGINAL: 3}

Propose = Callable[[Context], Iterator[CodeCandidate]]


def batches(candidates: Iterable[CodeCandidate], size: int = BATCH) -> Iterator[list[CodeCandidate]]:
    """The candidates in lists of at most `size`."""
    iterator = iter(candidates)
    while batch := list(islice(iterator, size)):
        yield batch


def search(job: Job, settled: Sequence[Settled], budget: Budget, *propose: Propose) -> int:
    """Run what the generators propose and keep the plausible; returns how many plausible ones came.

    Ends quietly where `budget` is over and the job's own is not.
    """
    before = len(job.plausible)
    try:
        _search(job, settled, budget, *propose)
    except SandboxCancelled:
        if job.budget.is_set():
            raise
    return len(job.plausible) - before


def _search(job: Job, settled: Sequence[Settled], budget: Budget, *propose: Propose) -> None:
    suspicion = doubt.suspicion(job, settled)
    examples = evidence.counter_examples(job, settled)
    context = job.context(suspicion=suspicion, counter_examples=examples, budget=budget)
    near, job.near = job.near, []
    job.plausible.extend(screen(job, near, settled, budget))
    for generator in propose:
        for batch in batches(generator(context)):
            fresh = [code for code in batch if code.key not in job.tried and code.key != job.original.key]
            for code in fresh:
                job.matrix.add_code(code)
                job.tried.add(code.key)
            keep = screen(job, fresh, settled, budget)
            job.plausible.extend(keep)
            if budget.is_set():
                return


def screen(
    job: Job, codes: Sequence[CodeCandidate], settled: Sequence[Settled], budget: Budget
) -> list[CodeCandidate]:
    """The candidates that pass every trusted test and, where none fails, do what the witnesses settled."""
    matrix = job.matrix
    left = list(codes)
    failing = job.failing
    if failing:
        calls = [t for t in failing if isinstance(t, CallTest)]
        matrix.fill(left, calls, budget, brief=doubt.patience(job))
        left = [c for c in left if all(matrix.passed(c, t) for t in calls)]
    else:
        dissent = [s for s in settled if s.dissent]
        matrix.fill(left, [s.test for s in dissent], budget, brief=doubt.patience(job))
        left = [c for c in left if any(doubt.does(job, c, s) for s in dissent)]
    matrix.fill(left, job.trusted_calls, budget, brief=doubt.patience(job))
    left = [c for c in left if all(matrix.passed(c, t) is not False for t in job.trusted_calls)]
    if left and matrix.items:
        speaking = [i for i in matrix.items if matrix.passed(job.original, i) is not None]
        matrix.fill_items(left, speaking, budget)
        left = [c for c in left if all(matrix.passed(c, i) is True for i in speaking)]
    matrix.fill(left, job.usable, budget)
    if not failing:
        matrix.fill(left, job.dubious, budget, brief=doubt.patience(job))
        explaining = [c for c in left if explains(job, c, settled)]
        job.near.extend(c for c in left if c not in explaining)
        return explaining
    return left


def explains(job: Job, code: CodeCandidate, settled: Sequence[Settled]) -> bool:
    """A small edit that does what the witnesses do, worse nowhere, and backed by the tests' votes.

    Where the saved code fails on several calls that all the witnesses answer, that is the bug, and an edit
    that mends them all may leave its other answers as they are.
    """
    if not doubt.is_small_edit(code):
        return False
    hits = [doubt.does(job, code, s) for s in settled]
    if any(not hit and not s.dissent for hit, s in zip(hits, settled, strict=True)):
        return False
    failures = [hit for hit, s in zip(hits, settled, strict=True) if s.failure]
    if failures and all(failures):
        matrix = job.matrix
        hits = [
            hit or matrix.behaviour(code, [s.test]) == matrix.behaviour(job.original, [s.test])
            for hit, s in zip(hits, settled, strict=True)
        ]
    if sum(hits) < EXPLAINED * len(settled):
        return False
    gained, lost = doubt.test_votes(job, code)
    return gained > 2 * lost


def rank_fixes(job: Job, settled: Sequence[Settled]) -> None:
    """Rank the plausible candidates, one of each behaviour, and say on what evidence."""
    job.fixes = ()
    job.bug = None
    if not job.plausible:
        if job.failing:
            job.bug = evidence.suspected(job, settled, fix=None)
        return
    matrix, tests = job.matrix, job.usable
    codes = [job.original, *job.plausible, *doubt.witnesses(job)]
    codes = list({code.key: code for code in codes}.values())
    every: list[TestCandidate] = [*tests, *matrix.items]
    judged = [t for t in every if matrix.passed(job.original, t) is not None]
    weights = [TRUSTED_WEIGHT if t.trusted else getattr(t, "weight", 1.0) for t in judged]
    code_weights = [job.witnesses.get(code.key, 1.0) for code in codes]
    calls = doubt.one_test_a_call(tests)
    behaviour = [matrix.behaviour(code, calls) for code in codes]
    answered = [[is_answer(job, code, call) for call in calls] for code in codes]
    code_scores, test_scores = score(
        job.settings.scorer,
        matrix.bits(codes, judged),
        code_weights,
        weights,
        Outcomes(behaviour, answered),
    )
    job.scored = (codes, judged, [float(s) for s in code_scores], [float(s) for s in test_scores])
    by_key = {code.key: float(s) for code, s in zip(codes, code_scores, strict=True)}

    groups = cluster(behaviour)
    group_of = {code.key: group for code, group in zip(codes, groups, strict=True)}
    sizes: dict[int, float] = {}
    for code in codes:
        if code.key in job.witnesses:
            group = group_of[code.key]
            sizes[group] = sizes.get(group, 0.0) + job.witnesses[code.key]

    far_fetched = _far_fetched(job, job.plausible, group_of)
    supported = rivals.support(job) if job.failing else {}
    harmful = harm(job) if job.failing else {}

    def merit(
        code: CodeCandidate,
    ) -> tuple[bool, float, float, float, float, int, bool, float, tuple[int, int, int], int, float]:
        agreed = sum(s.share for s in settled if doubt.does(job, code, s))
        gained, lost = doubt.test_votes(job, code)
        return (
            group_of[code.key] in far_fetched,
            -round(agreed, 6),
            -round(supported.get(code.key, 0.0), 2),
            -sizes.get(group_of[code.key], 0.0),
            -(gained - lost),
            harmful.get(code.key, 0),
            edit_cost.only_deletes(job, code),
            edit_cost.channel_cost(job, code),
            edit_cost.size_of_edit(job, code),
            ORIGIN_ORDER[code.origin],
            -code.logprob,
        )

    shown: list[CodeCandidate] = []
    for code in sorted(job.plausible, key=merit):
        if group_of[code.key] not in {group_of[c.key] for c in shown} and beats(job, code, settled):
            shown.append(code)
        if len(shown) == SHOWN:
            break
    job.fixes = tuple(
        evidence.suggestion(job, code, settled, by_key[code.key], int(sizes.get(group_of[code.key], 0.0)))
        for code in shown
    )
    if job.fixes or job.failing:
        job.bug = evidence.suspected(job, settled, fix=shown[0] if shown else None)


def _far_fetched(job: Job, codes: Sequence[CodeCandidate], group_of: Mapping[str, int]) -> set[int]:
    """Groups of like behaviour whose best body costs so much more than the best that no witness mends it."""
    costs: dict[int, float] = {}
    for code in codes:
        if code.key in job.likelihood:
            group, cost = group_of[code.key], edit_cost.channel_cost(job, code)
            costs[group] = min(cost, costs.get(group, cost))
    best = min(costs.values(), default=0.0)
    return {group for group, cost in costs.items() if cost > best + FAR_FETCHED}


def behaviours(job: Job) -> set[tuple[str | None, ...]]:
    """The different ways in which the plausible candidates behave on all usable calls."""
    calls = doubt.one_test_a_call(job.usable)
    return {job.matrix.behaviour(code, calls) for code in job.plausible}


def is_answer(job: Job, code: CodeCandidate, call: CallTest) -> bool:
    """An answer: a value, a changed argument, or what the saved code or a trusted test has too."""
    outcome, current = job.matrix.outcome(code, call), job.matrix.outcome(job.original, call)
    if outcome is None:
        return False
    if outcome.arguments_after is not None or (outcome.value is not None and outcome.value.kind != "none"):
        return True
    if current is not None and outcome.key == current.key:
        return True
    return call.trusted and job.matrix.passed(code, call) is True


def beats(job: Job, code: CodeCandidate, settled: Sequence[Settled]) -> bool:
    """The candidate has strictly more evidence for it than the saved code."""
    if job.failing:
        return True
    return explains(job, code, settled)

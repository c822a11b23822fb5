"""More calls, found by running: neighbours of known calls that reach or catch what none of those does.

Coverage-guided mutation of inputs, with faulty versions of the code as the second guide: a variant is kept
where it leads the saved code somewhere new (`search`), or where a fault that every call let pass
gives another answer. Only those that catch a fault, or reach a line, become tests, and the first that gives
a value where none did.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from genx_lsp.candidate import CallTest, CodeCandidate
from genx_lsp.engine import trust
from genx_lsp.engine.budget import Budget
from genx_lsp.engine.constructions import exchanged
from genx_lsp.engine.job import Job
from genx_lsp.engine.search import BATCH, SLOW_SECONDS, Search, Told, explored, imports_in, run
from genx_lsp.propose.arguments import words_of
from genx_lsp.propose.variants import Variants
from genx_sandbox import Outcome, SandboxCancelled

# Variants run on the saved code at once, so many times a round, which costs little; the faults get to see the
# most telling ones, which costs the start of a process each.
BATCHES = 6
SHOWN = 32
# In so many calls each constant is exchanged for each that the code speaks of, before chance has its turn.
REPLACED = 4
# So many rounds that led nowhere end the search: what is left is mostly equivalent.
PATIENCE = 4
ROUNDS = 24
SECONDS = 6.0


@dataclass
class Faults:
    """Faulty versions of the code that no call caught, and the seconds that a call of one may take."""

    alive: dict[str, CodeCandidate]
    brief: float


def widen(
    job: Job, alive: Sequence[CodeCandidate], brief: float, spare: Budget, budget: Budget
) -> list[CallTest]:
    """New tests of unknown expectation, run on the saved code only.

    The search ends with `spare`; to look at what it found a second time it takes of `budget`.
    """
    first, last = job.target.def_line, job.target.last_line
    rng = random.Random(job.settings.generation.seed)
    search = Search(job, spare.part(SECONDS), rng=rng)
    faults = Faults({m.key: m for m in alive}, brief)
    quick: list[tuple[CallTest, Outcome]] = []
    for test in job.usable:
        outcome = job.matrix.outcome(job.original, test)
        if outcome is None or outcome.kind not in ("value", "exception") or outcome.seconds > SLOW_SECONDS:
            continue
        search.answers.add(outcome.key)
        search.reached |= outcome.lines
        search.paths.add(outcome.lines)
        search.barren &= outcome.kind != "value"
        if test.key not in job.claims:
            quick.append((test, outcome))
    # Calls that stand for themselves have variants; where all need something done before, those that need
    # the same have.
    scripts = Counter(test.setup for test, _ in quick if imports_in(test.setup) is None)
    if scripts.total() == len(quick) and quick:
        search.setup = scripts.most_common(1)[0][0]
    for test, outcome in quick:
        if test.setup == search.setup or (not search.setup and imports_in(test.setup) is not None):
            # Calls that fail on their way in have little to teach.
            search.sow(test, 3 if outcome.kind == "value" else 1)
    if not search.seeds:
        return []
    variants = Variants(words_of(job.context()), job.settings.generation.seed)
    variants.know(search.seeds)
    idle = 0
    try:
        if faults.alive or search.barren or set(range(first + 1, last + 1)) - search.reached:
            for batch in exchanged(search):
                explored(search, batch)
            plain = [test.expression for test, outcome in quick if outcome.kind == "value"]
            told = explored(search, list(islice(variants.replaced(plain[:REPLACED]), 2 * BATCH)))
            if faults.alive:
                judged(search, faults, shown(search, told))
        for _ in range(ROUNDS):
            missing = set(range(first + 1, last + 1)) - search.reached
            wanted = faults.alive or missing or search.barren
            if not wanted or idle >= PATIENCE or search.budget.is_set():
                break
            idle = 0 if one_round(search, faults, variants) else idle + 1
    except SandboxCancelled:
        if budget.cancelled:
            raise
    for test in search.found:
        job.matrix.add_test(test)
    job.matrix.fill([job.original], search.found, budget, probes=True)
    trust.exclude_unstable(job, budget)
    return search.found


def one_round(search: Search, faults: Faults, variants: Variants) -> bool:
    """Make and run variants, and put the most telling to the faults; returns whether that led anywhere."""
    reached, news, told = len(search.reached), len(search.news), []
    for _ in range(BATCHES):
        told += explored(search, list(variants.of(search.turn(), BATCH)))
        if len(search.reached) > reached or search.budget.is_set():
            break
    caught = judged(search, faults, shown(search, told)) if faults.alive else False
    return caught or len(search.news) > news


def shown(search: Search, told: Sequence[Told]) -> list[Told]:
    """What the faults get to see: calls that gave a value, and a few that failed: many are alike."""
    failed = [t for t in told if t.outcome.kind == "exception"]
    few = picked(search, failed, SHOWN // 4)
    gave = picked(search, [t for t in told if t.outcome.kind != "exception"], SHOWN - len(few))
    return [*gave, *few]


def picked(search: Search, told: Sequence[Told], count: int) -> list[Told]:
    """Half of it went new ways, the rest is drawn from all that got new answers.

    Drawn, not the shortest: those are all alike.
    """
    new = sorted((t for t in told if t.news), key=lambda t: (-t.news, len(t.test.expression)))[: count // 2]
    fresh = [t for t in told if t.fresh and t not in new]
    rest = [t for t in told if not t.fresh and t not in new]
    for some in (fresh, rest):
        new += search.rng.sample(some, min(len(some), count - len(new)))
    return new


def judged(search: Search, faults: Faults, candidates: Sequence[Told]) -> bool:
    """Put variants to the faults; returns whether any was caught."""
    if not candidates:
        return False
    job = search.job
    keys = list(faults.alive)
    programs = [job.matrix.program(faults.alive[key], brief=faults.brief) for key in keys]
    calls = [t.test for t in candidates]
    caught_by: dict[str, set[str]] = {}
    for key, given in zip(keys, run(job, programs, calls, search.budget), strict=False):
        for one, outcome in zip(candidates, given, strict=True):
            if outcome.kind != "refused" and outcome.key != one.outcome.key:
                caught_by.setdefault(one.test.key, set()).add(key)
    progress = bool(caught_by)
    tests = {test.key: test for test in calls}
    # The fewest calls that catch all of them: the others would only crowd the choice.
    while caught_by:
        best = max(caught_by, key=lambda k: (len(caught_by[k]), k))
        caught = caught_by.pop(best)
        if tests[best] not in search.found:
            search.found.append(tests[best])
        search.sow(tests[best], 4)
        for key in caught:
            faults.alive.pop(key, None)
        caught_by = {k: left for k, v in caught_by.items() if (left := v - caught)}
    return progress

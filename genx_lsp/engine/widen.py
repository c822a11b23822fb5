"""More calls, found by running: neighbours of known calls that reach or catch what none of those does.

Coverage-guided mutation of inputs, with faulty versions of the code as the second guide: a variant is kept
where the saved code takes a line that no call took, where it answers in a way that no call answered, or where
a fault that every call let pass gives another answer. Only those that catch a fault, or reach a line, become
tests.
"""

from __future__ import annotations

import ast
import hashlib
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from genx_lsp.candidate import CallTest, CodeCandidate, TestOrigin
from genx_lsp.engine import trust
from genx_lsp.engine.budget import Budget
from genx_lsp.engine.job import Job
from genx_lsp.propose.arguments import words_of
from genx_lsp.propose.keys import parse_expression, test_key
from genx_lsp.propose.variants import Variants
from genx_lsp.source_text import shared_tree
from genx_sandbox import Call, Outcome, Program, SandboxCancelled, Unknown

# Variants run on the saved code at once, so many times a round, which costs little; the faults get to see the
# most telling ones, which costs the start of a process each.
BATCH = 80
BATCHES = 6
SHOWN = 32
# Of a batch so many variants become seeds for no more than an answer that no other got.
SOWN = 5
# So many rounds without a fault caught or a line reached end the search: what is left is mostly equivalent.
PATIENCE = 4
ROUNDS = 24
SECONDS = 6.0
# A call that takes longer than this makes a slow test.
SLOW_SECONDS = 0.15
# So many variants of a batch may be too slow before the rest of it is given up.
SLOW_VARIANTS = 8


@dataclass
class Search:
    """What one search knows."""

    job: Job
    budget: Budget
    alive: dict[str, CodeCandidate]
    """Faults that no call caught."""
    brief: float
    """Seconds that a fault's call may take."""
    seeds: list[str] = field(default_factory=list)
    setup: str = ""
    """What seeds need to have run before them, imports apart."""
    imports: dict[str, str] = field(default_factory=dict)
    """Names that seeds use and their module does not have, and the statements that import them."""
    reached: set[int] = field(default_factory=set)
    paths: set[frozenset[int]] = field(default_factory=set)
    """Lines that some call reached together."""
    answers: set[str] = field(default_factory=set)
    found: list[CallTest] = field(default_factory=list)
    rng: random.Random = field(default_factory=random.Random)

    def sow(self, test: CallTest, times: int) -> None:
        """Take a call as a seed, `times` as often as others have their turn."""
        self.seeds += [test.expression] * times
        self.imports.update(imports_in(test.setup) or {})


def widen(
    job: Job, alive: Sequence[CodeCandidate], brief: float, spare: Budget, budget: Budget
) -> list[CallTest]:
    """New tests of unknown expectation, run on the saved code only.

    The search ends with `spare`; to look at what it found a second time it takes of `budget`.
    """
    first, last = job.target.def_line, job.target.last_line
    rng = random.Random(job.settings.generation.seed)
    search = Search(job, spare.part(SECONDS), {m.key: m for m in alive}, brief, rng=rng)
    quick: list[tuple[CallTest, Outcome]] = []
    for test in job.usable:
        outcome = job.matrix.outcome(job.original, test)
        if outcome is None or outcome.kind not in ("value", "exception") or outcome.seconds > SLOW_SECONDS:
            continue
        search.answers.add(outcome.key)
        search.reached |= outcome.lines
        search.paths.add(outcome.lines)
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
        for _ in range(ROUNDS):
            missing = set(range(first + 1, last + 1)) - search.reached
            if (not search.alive and not missing) or idle >= PATIENCE or search.budget.is_set():
                break
            idle = 0 if one_round(search, variants) else idle + 1
    except SandboxCancelled:
        if budget.cancelled:
            raise
    for test in search.found:
        job.matrix.add_test(test)
    job.matrix.fill([job.original], search.found, budget, probes=True)
    trust.exclude_unstable(job, budget)
    return search.found


def one_round(search: Search, variants: Variants) -> bool:
    """Make and run variants, and put the most telling to the faults; returns whether that led anywhere."""
    reached, told = len(search.reached), []
    for _ in range(BATCHES):
        told += explored(search, variants)
        if len(search.reached) > reached or search.budget.is_set():
            break
    caught = judged(search, shown(search, told)) if search.alive else False
    return caught or len(search.reached) > reached


@dataclass(frozen=True)
class Told:
    """A variant that the saved code answered."""

    test: CallTest
    outcome: Outcome
    news: int
    """Lines that no call had reached, and one for lines that none had reached together."""
    fresh: bool
    """No call had got this answer."""


def shown(search: Search, told: Sequence[Told]) -> list[Told]:
    """What the faults get to see: half of it went new ways, the rest is drawn from all that got new answers.

    Drawn, not the shortest: those are all alike.
    """
    new = sorted((t for t in told if t.news), key=lambda t: (-t.news, len(t.test.expression)))[: SHOWN // 2]
    fresh = [t for t in told if t.fresh and t not in new]
    rest = [t for t in told if not t.fresh and t not in new]
    for some in (fresh, rest):
        new += search.rng.sample(some, min(len(some), SHOWN - len(new)))
    return new


def explored(search: Search, variants: Variants) -> list[Told]:
    """One batch of variants on the saved code, those that say something; what was new becomes a seed."""
    job = search.job
    batch = [made(search, text) for text in variants.of(search.seeds, BATCH)]
    program = replace(
        job.matrix.program(job.original, probes=True), call_seconds=SLOW_SECONDS, deaths=SLOW_VARIANTS
    )
    told: list[Told] = []
    for test, outcome in zip(batch, next(run(job, [program], batch, search.budget)), strict=True):
        if outcome.kind not in ("value", "exception") or outcome.seconds > SLOW_SECONDS:
            continue
        if meaningless(job, outcome):
            continue
        new_lines = len(outcome.lines - search.reached)
        new_path = outcome.lines not in search.paths
        fresh = outcome.key not in search.answers
        if new_lines:
            search.found.append(test)
            search.sow(test, 6)
        elif new_path:
            search.sow(test, 3)
        search.reached |= outcome.lines
        search.paths.add(outcome.lines)
        search.answers.add(outcome.key)
        told.append(Told(test, outcome, new_lines + new_path, fresh))
    # Of those that only got another answer a few: they are many, and lead ever further from what makes sense.
    others = [t.test for t in told if t.fresh and not t.news and t.outcome.kind == "value"]
    for test in search.rng.sample(others, min(len(others), SOWN)):
        search.sow(test, 1)
    return told


def judged(search: Search, candidates: Sequence[Told]) -> bool:
    """Put variants to the faults; returns whether any was caught."""
    if not candidates:
        return False
    job = search.job
    keys = list(search.alive)
    programs = [job.matrix.program(search.alive[key], brief=search.brief) for key in keys]
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
            search.alive.pop(key, None)
        caught_by = {k: left for k, v in caught_by.items() if (left := v - caught)}
    return progress


def made(search: Search, text: str) -> CallTest:
    """A variant as a test, with what it needs to have run before it: imports of the names that it uses, or
    what all calls of its kind need."""
    setup = search.setup
    if not setup and search.imports:
        used = {n.id for n in ast.walk(parse_expression(text) or ast.Constant(0)) if isinstance(n, ast.Name)}
        setup = "\n".join(sorted({search.imports[name] for name in used & search.imports.keys()}))
    return CallTest(
        key=test_key(text, Unknown(), setup), expression=text, origin=TestOrigin.BOUNDARY, setup=setup
    )


def imports_in(setup: str) -> dict[str, str] | None:
    """Names to the statements of a setup that import them; None where it does more than import."""
    found: dict[str, str] = {}
    for statement in shared_tree(setup).body:
        if not isinstance(statement, (ast.Import, ast.ImportFrom)):
            return None
        for alias in statement.names:
            found[(alias.asname or alias.name).partition(".")[0]] = ast.unparse(statement)
    return found


def meaningless(job: Job, outcome: Outcome) -> bool:
    """An error of a wrongly typed call."""
    raised = outcome.raised
    return raised is not None and (
        raised.type_name in trust.ACCIDENTS or not trust.mentions(job, raised.type_name)
    )


def run(
    job: Job, programs: Sequence[Program], tests: Sequence[CallTest], budget: Budget
) -> Iterator[tuple[Outcome, ...]]:
    """Outcomes of each program in the order of the tests, outside the matrix: most are forgotten at once."""
    calls = [
        Call(hashlib.sha256(f"{t.setup}\0{t.expression}".encode()).hexdigest()[:16], t.expression, t.setup)
        for t in tests
    ]
    for result in job.executor.run_calls(programs, calls, budget):
        yield result.outcomes

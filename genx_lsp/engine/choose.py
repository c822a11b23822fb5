"""Tests worth offering: the smallest set that kills and reaches all that any of the tests does.

Only tests that the code as saved passes are offered. What the saved code fails is the business of
`repair`: it goes to the suspected bug with its counter-example, never silently into a test file.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal

from genx_lsp.candidate import CallTest, CodeCandidate, TestOrigin
from genx_lsp.engine import chance, doubt, trust
from genx_lsp.engine.answers import answer
from genx_lsp.engine.budget import Budget
from genx_lsp.engine.doubt import Settled
from genx_lsp.engine.evidence import suggestion_id
from genx_lsp.engine.expectations import observed, telling
from genx_lsp.engine.facets import facets
from genx_lsp.engine.job import Job
from genx_lsp.engine.shorten import Wanted, shortened
from genx_lsp.engine.trust import is_accident
from genx_lsp.engine.widen import widen
from genx_lsp.findings import Basis, Evidence, TestSuggestion
from genx_lsp.propose.faults import faults
from genx_lsp.propose.keys import code_key, is_comparison, test_key
from genx_sandbox import (
    Approx,
    Leaves,
    Raises,
    Returns,
    SandboxCancelled,
    Unknown,
    Value,
)

Effort = Literal["vouched", "some", "all"]
"""Only tests that a specification vouches for, at once; what is known by now; the last word, and there is
time to look for calls that catch what the known ones do not."""
# Faults tried for choosing tests, a few where an answer is wanted at once.
FAULTS: dict[Effort, int] = {"vouched": 40, "some": 80, "all": 240}
# How long faults may be made, and then run on the known calls; those not reached by then have no say.
FAULTS_SECONDS: dict[Effort, float] = {"vouched": 0.2, "some": 0.6, "all": 5.0}
# Of the time for choosing, this share may go to faults and to the search; the rest is for verifying.
SHARE = 0.5
# ... of which calls found on the way may take this much each time some join.
ADD_SHARE = 0.25
# A call of a fault may take so many times what the slowest call of the saved code took, and never less than
# this: a loop that does not end is caught soon enough.
BRIEF_FACTOR = 20.0
BRIEF_SECONDS = 0.1
# How long calls found by search may be shortened.
SHORTEN_SECONDS = 3.0
# How long the project's own tests may run on mutants, to learn which of them are caught already.
ITEMS_SECONDS = 3.0
# A line that no earlier test reached counts as much as so many mutants.
LINE_WORTH = 2.0
BASIS_ORDER: dict[Basis, int] = {"specification": 0, "agreement": 1, "observation": 2}
# How much a test is preferred by what it rests on, where it kills as much as another.
BASIS_WORTH: dict[Basis, float] = {"specification": 1.5, "agreement": 1.2, "observation": 1.0}


@dataclass(frozen=True)
class Option:
    """A test that could be offered, with what it would bring."""

    test: CallTest
    basis: Basis
    killed: frozenset[str]
    lines: frozenset[int]
    is_found: bool
    """By search, where others were proposed: by people, by a model, from types and from the code."""


@dataclass(frozen=True)
class Chosen:
    """A test that was taken, and what it brought that none before it did: keys of faults, lines."""

    option: Option
    killed: frozenset[str]
    lines: frozenset[int]


def choose(job: Job, settled: Sequence[Settled], budget: Budget, effort: Effort = "all") -> None:
    """Fill `job.tests` with the greedy minimum set."""
    spare = budget.part(SHARE * budget.left)
    if effort != "vouched":
        add(job, facets(job, job.usable), budget)
    if effort == "all":
        claims = job.claim(chance.invariants(job))
        add(job, claims, budget)
        chance.hold(job, claims, budget.part(ADD_SHARE * budget.left))
    seconds = FAULTS_SECONDS[effort]
    mutants = faulty(job, FAULTS[effort], spare.part(seconds))
    existing = [t for t in job.trusted_calls if t.origin is TestOrigin.USER_TEST]
    brief = patience(job)
    options = [o for o in candidates(job, settled) if effort != "vouched" or o[1] == "specification"]
    calls = [*(test for test, _ in options), *existing]
    proposed = {(test.setup, test.expression) for test, _ in options}
    mutants = tried(job, mutants, calls, spare.part(seconds), brief)
    already = {m.key for m in mutants if any(kills(job, m, t) for t in existing)}
    if effort != "vouched":
        already |= killed_by_items(job, [m for m in mutants if m.key not in already], budget)
    if effort == "all":
        caught = already | {m.key for m in mutants if any(kills(job, m, t) for t, _ in options)}
        found = widen(job, [m for m in mutants if m.key not in caught], brief, spare, budget)
        if found:
            found += facets(job, found)
            add(job, found, budget)
            if job.chancy:
                chance.hold(job, found, budget.part(ADD_SHARE * budget.left))
            settled = [*settled, *doubt.settled_calls(job)]
            options = candidates(job, settled)
            again = budget.part(SHARE * budget.left).part(seconds)
            mutants = tried(job, mutants, [test for test, _ in options], again, brief)
    if not options:
        job.tests = ()
        return
    reached: set[int] = set()
    for test in existing:
        outcome = job.matrix.outcome(job.original, test)
        reached |= outcome.lines if outcome is not None else frozenset()

    pool = [weigh(job, test, basis, mutants, proposed) for test, basis in options]
    chosen: list[Chosen] = []
    killed = set(already)
    while pool and len(chosen) < job.settings.emit.max_tests:
        best = max(pool, key=lambda option: worth(option, killed, reached))
        if worth(best, killed, reached)[0] <= 0 and not (best.basis == "specification" and not chosen):
            break
        pool.remove(best)
        chosen.append(Chosen(best, frozenset(best.killed - killed), frozenset(best.lines - reached)))
        killed |= best.killed
        reached |= best.lines
    if effort == "all":
        chosen = shortest(job, chosen, mutants, settled, budget.part(SHORTEN_SECONDS))
    notes = {m.key: m.note for m in mutants}
    offered = (
        offer(job, c.option, tuple(notes[key] for key in sorted(c.killed)), tuple(sorted(c.lines)), settled)
        for c in chosen
    )
    job.tests = tuple(sorted(offered, key=lambda s: BASIS_ORDER[s.basis]))
    if not chosen and options and already:
        job.note(
            f"The existing tests already catch all {len(already)} small changes that any new test would."
        )


def shortest(
    job: Job,
    chosen: list[Chosen],
    mutants: Sequence[CodeCandidate],
    settled: Sequence[Settled],
    budget: Budget,
) -> list[Chosen]:
    """The same choice, of calls as short as they can be: only what was observed, as nobody else wrote it."""
    faults = {mutant.key: mutant for mutant in mutants}
    brief = patience(job)
    wanted = [
        Wanted(c.option.test, tuple(faults[key] for key in sorted(c.killed)), c.lines, c.option.is_found)
        for c in chosen
        if c.option.basis == "observation"
    ]
    shorter = shortened(job, wanted, brief, budget)
    if not shorter:
        return chosen
    add(job, list(shorter.values()), budget)
    needed = [faults[key] for key in sorted(frozenset().union(*(c.killed for c in chosen)))]
    tried(job, needed, list(shorter.values()), budget, brief)
    known = {(t.setup, t.expression): (t, basis) for t, basis in candidates(job, settled)}
    taken = {(c.option.test.setup, c.option.test.expression) for c in chosen}
    found = []
    for one in chosen:
        test = shorter.get(one.option.test.key)
        identity = (test.setup, test.expression) if test is not None else ("", "")
        if identity in known and identity not in taken:
            option = weigh(job, *known[identity], needed, taken)
            if one.killed <= option.killed and one.lines <= option.lines:
                taken.add(identity)
                found.append(replace(one, option=option))
                continue
        found.append(one)
    return found


def add(job: Job, tests: Sequence[CallTest], budget: Budget) -> None:
    """Calls found while choosing join the matrix, and are put to the saved code and the witnesses."""
    spare = budget.part(ADD_SHARE * budget.left)
    known = {test.key for test in job.matrix.tests}
    for test in tests:
        job.matrix.add_test(test)
    try:
        job.matrix.fill([job.original], tests, spare, probes=True)
        trust.exclude_unstable(job, spare)
        job.matrix.fill(doubt.witnesses(job), tests, spare)
    except SandboxCancelled:
        if budget.cancelled:
            raise
        # Not looked at twice: they may be flaky.
        job.excluded |= {test.key for test in tests} - known


def faulty(job: Job, count: int, budget: Budget) -> list[CodeCandidate]:
    """Faulty versions of the saved code, in the matrix, as time allows. A possible fix is no fault."""
    fixes = {code_key(p.source) for p in job.plausible}
    made: list[CodeCandidate] = []
    for mutant in islice(faults(job.target), count):
        if budget.is_set():
            break
        if not fixes or code_key(mutant.source) not in fixes:
            made.append(mutant)
            job.matrix.add_code(mutant)
    return made


def tried(
    job: Job, mutants: Sequence[CodeCandidate], tests: Sequence[CallTest], budget: Budget, brief: float
) -> list[CodeCandidate]:
    """Run the faults on the tests, for a while; returns those that were run on all of them."""
    try:
        job.matrix.fill(mutants, tests, budget, brief=brief)
    except SandboxCancelled:
        # What ran in time decides; only a stop that was asked for ends the choice.
        if budget.cancelled:
            raise
    return [m for m in mutants if all(job.matrix.outcome(m, test) is not None for test in tests)]


def patience(job: Job) -> float:
    """Seconds that a fault's call may take."""
    outcomes = [job.matrix.outcome(job.original, test) for test in job.usable]
    slowest = max((o.seconds for o in outcomes if o is not None), default=0.0)
    return max(BRIEF_SECONDS, BRIEF_FACTOR * slowest)


def kills(job: Job, mutant: CodeCandidate, test: CallTest) -> bool:
    """The test fails on the fault; a call that was not made proves nothing."""
    outcome = job.matrix.outcome(mutant, test)
    return outcome is not None and outcome.kind != "refused" and job.matrix.passed(mutant, test) is False


def killed_by_items(job: Job, mutants: Sequence[CodeCandidate], budget: Budget) -> set[str]:
    """Mutants that the project's own passing items catch."""
    items = [i for i in job.matrix.items if job.matrix.passed(job.original, i) is True]
    if not items or not mutants:
        return set()
    try:
        job.matrix.fill_items(list(mutants), items, budget.part(ITEMS_SECONDS))
    except SandboxCancelled:
        # Slow tests of the project: what they catch in time counts, the rest is taken as not caught.
        if budget.is_set():
            raise
    return {m.key for m in mutants if any(job.matrix.passed(m, i) is False for i in items)}


def candidates(job: Job, settled: Sequence[Settled]) -> list[tuple[CallTest, Basis]]:
    """Tests with a settled expectation that the saved code meets, one a call, best basis first."""
    dissent = {(s.test.setup, s.test.expression) for s in settled if s.dissent}
    gainsaid = doubt.gainsaid(job, job.usable)
    best: dict[tuple[str, str], tuple[CallTest, Basis]] = {}
    for test in job.usable:
        identity = (test.setup, test.expression)
        if test.origin is TestOrigin.USER_TEST or identity in dissent or is_accident(job, test):
            continue
        if job.claims_in_vain(test):
            continue
        found = settle(job, test, settled)
        if found is None or (found[1] == "observation" and (job.bug is not None or identity in gainsaid)):
            # Where the code is suspected to be wrong, or programs that know an answer give another, what
            # it happens to return is no reason for a test.
            continue
        known = best.get(identity)
        if known is None or BASIS_ORDER[found[1]] < BASIS_ORDER[known[1]]:
            best[identity] = found
    existing = {(t.setup, t.expression) for t in job.usable if t.origin is TestOrigin.USER_TEST}
    return [pair for identity, pair in best.items() if identity not in existing]


def settle(job: Job, test: CallTest, settled: Sequence[Settled]) -> tuple[CallTest, Basis] | None:
    """The test with an expectation that holds on the saved code, and what that rests on."""
    outcome = job.matrix.outcome(job.original, test)
    if outcome is None:
        return None
    if not isinstance(test.expectation, Unknown):
        if job.matrix.passed(job.original, test) is not True:
            return None
        if test.trusted:
            return test, "specification"
    expectation = observed(job, outcome)
    if expectation is None:
        return None
    agreed = not isinstance(test.expectation, Unknown) or any(
        s.test.expression == test.expression and s.test.setup == test.setup and not s.dissent for s in settled
    )
    key = test_key(test.expression, expectation)
    return replace(test, key=key, expectation=expectation, expected_text=""), (
        "agreement" if agreed else "observation"
    )


def same(job: Job, code: CodeCandidate, test: CallTest) -> bool:
    """The program gives the answer to this call that the saved code gives."""
    outcome, current = job.matrix.outcome(code, test), job.matrix.outcome(job.original, test)
    return outcome is not None and current is not None and answer(outcome) == answer(current)


def weigh(
    job: Job,
    test: CallTest,
    basis: Basis,
    mutants: Sequence[CodeCandidate],
    proposed: Container[tuple[str, str]],
) -> Option:
    """What a test would bring: mutants it kills, lines it reaches."""
    outcome = job.matrix.outcome(job.original, test)
    first, last = job.target.def_line, job.target.last_line
    lines = frozenset(n for n in (outcome.lines if outcome else ()) if first < n <= last)
    killed = frozenset(m.key for m in mutants if kills(job, m, test))
    return Option(test, basis, killed, lines, (test.setup, test.expression) not in proposed)


def worth(option: Option, killed: set[str], reached: set[int]) -> tuple[float, float, int, bool, int]:
    """How much a test adds; ties go to the better basis, the more telling answer, to what was proposed before
    what a search made of it, and to the shorter test."""
    gain = len(option.killed - killed) + LINE_WORTH * len(option.lines - reached)
    return (
        gain * BASIS_WORTH[option.basis],
        BASIS_WORTH[option.basis],
        telling(option.test.expectation),
        not option.is_found,
        -len(option.test.setup) - len(option.test.expression),
    )


def offer(
    job: Job, option: Option, killed: tuple[str, ...], lines: tuple[int, ...], settled: Sequence[Settled]
) -> TestSuggestion:
    """A suggestion with its evidence."""
    test = option.test
    programs = doubt.witnesses(job)
    agreeing = sum(same(job, code, test) for code in programs)
    share = max((s.share for s in settled if s.test.expression == test.expression), default=0.0)
    return TestSuggestion(
        id=suggestion_id(job, test.key),
        test=test,
        basis=option.basis,
        title=title(test),
        evidence=Evidence(
            passed=1,
            current_passed=1,
            tests=1,
            score=1.0 if option.basis == "specification" else share,
            agreeing=agreeing,
            candidates=len(programs),
            mutants_killed=killed,
            lines_covered=lines,
        ),
    )


def title(test: CallTest) -> str:
    """The test in one line, as a person would say it."""
    before = [line for line in test.setup.split("\n") if line and not line.startswith(("import ", "from "))]
    return "; ".join([*before, said(test)])


def said(test: CallTest) -> str:
    """The call and what is expected of it."""
    match test.expectation:
        case Raises(type_name=name):
            return f"{test.expression} raises {name.rpartition('.')[2]}"
        case Approx(value=value):
            return f"{test.expression} is about {value.text()}"
        case Returns(value=value) if value.kind == "iterator":
            yielded = ", ".join(item.text() for item in value.items)
            return f"list({test.expression}) == [{yielded}]"
        case Returns(value=value) if value.kind == "bool" and is_comparison(test.expression):
            return test.expression if value == Value.of(True) else f"not ({test.expression})"
        case Returns(value=value):
            return f"{test.expression} == {test.expected_text or value.text()}"
        case Leaves(arguments=arguments):
            return f"{test.expression} leaves {', '.join(v.text() for v in arguments)}"
        case _:
            return test.expression

"""One problem's part of a round: tests and programs are proposed, run, and kept where execution agrees.

Tests: the model's calls run on the trusted program, and what is observed becomes what is expected.
Programs: those that pass every known-good and every observed test are kept (rejection sampling).
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

from genx_lsp.candidate import CallTest, CodeCandidate, CodeOrigin, TestOrigin
from genx_lsp.config import Settings
from genx_lsp.engine import trust
from genx_lsp.engine.engine import add_tests
from genx_lsp.engine.job import Job
from genx_lsp.learn import examples
from genx_lsp.learn.examples import ACCEPTED, OBSERVED, Example
from genx_lsp.learn.problems import Problem
from genx_lsp.learn.provenance import Evidence
from genx_lsp.learn.workbench import passes_all, prepare
from genx_lsp.propose import boundary, model_tests, mutate, rewrite
from genx_lsp.propose.keys import test_key
from genx_lsp.target import Target
from genx_models import Generator
from genx_models.adapters import Role
from genx_sandbox import Executor, Expectation, Outcome, Raises, Returns

_PLAIN = 12
"""Calls made of types and of the code, the shortest, run beside those that the model proposes."""
_MUTANTS = 24
"""Small changes of the trusted program; a call that tells none of them apart from it is trivial."""


@dataclass
class Augmented:
    """What came of one problem."""

    examples: list[Example] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    dropped: str = ""
    """Why the problem could not be used, as the end of a sentence."""


def augment(
    problem: Problem,
    executor: Executor,
    settings: Settings,
    *,
    roles: tuple[Role, ...],
    code_model: Generator | None,
    test_model: Generator | None,
    series: int,
    cancel: threading.Event,
    filtered: bool = True,
) -> Augmented:
    """Work on one problem. Without models only what was taken, and the trusted code itself, count.

    Without `filtered` what the models write is kept as they wrote it, unseen by the sandbox.

    Raises `ModelError`, `SandboxError`; `SandboxCancelled` once `cancel` is set or the time is over.
    """
    result = Augmented()
    job = prepare(problem, executor, settings, cancel, code_model=code_model, test_model=test_model)
    taken = _still_holding(job, problem)
    result.counts["taken"] = len(problem.taken.tests) + len(problem.taken.fixes)
    if "test" in roles:
        for test in taken:
            origin = "edited" if test.key in problem.taken.edited else "accepted"
            others = [test, *(t for t in taken if t is not test)]
            made = examples.of_tests(job.context(), others, problem.key, origin, ACCEPTED)
            verdict = f"{origin} by the user, and passed by the code as it is now"
            result.examples += islice(_with_tests(made, job.original.source, verdict), 1)
        result.examples += _preferred_tests(job, problem, taken)
    if job.notes:
        result.dropped = job.notes[0]
        return result
    if not filtered:
        result.examples += _as_written(job, problem, roles, series)
        result.examples = list(examples.unique(result.examples))
        return result
    observed = list(_observe(job, result, series)) if test_model is not None else []
    if "test" in roles:
        made = examples.of_tests(job.context(), observed, problem.key, "observed", OBSERVED)
        verdict = "what the program gave, the same in two runs" + _small_changes(job)
        result.examples += _with_tests(made, job.original.source, verdict)
    if "code" in roles:
        result.examples += _programs(job, problem, [*job.trusted_calls, *observed], result, series)
    result.examples = list(examples.unique(result.examples))
    return result


def _still_holding(job: Job, problem: Problem) -> list[CallTest]:
    """Tests that were taken and that the code as it is now passes."""
    tests = list(problem.taken.tests)
    for test in tests:
        job.matrix.add_test(test)
    job.matrix.fill([job.original], tests, job.budget, probes=True)
    holding = [test for test in tests if job.matrix.passed(job.original, test) is True]
    for test in tests:
        if test not in holding:
            job.matrix.replace_test(test, None)
    return holding


def _observe(job: Job, result: Augmented, series: int) -> Iterator[CallTest]:
    before = {test.key for test in job.matrix.tests}
    add_tests(job, model_tests.propose(job.context(series=series)))
    made = [test for test in job.matrix.tests if test.key not in before]
    result.counts["tests proposed"] = len(made)
    # A small model works out what plain calls give; from its own it learns to make the same ones more often.
    plain = [test for test in boundary.propose(job.context()) if isinstance(test, CallTest)]
    plain = sorted(plain, key=lambda test: len(test.expression))[:_PLAIN]
    add_tests(job, plain)
    made += [test for test in plain if test in job.matrix.tests]
    job.matrix.fill([job.original], made, job.budget, probes=True)
    trust.exclude_unstable(job)
    seen: set[str] = set()
    calls: list[CallTest] = []
    for test in made:
        outcome = job.matrix.outcome(job.original, test)
        if outcome is None or test.key in job.excluded or trust.is_accident(job, test):
            continue
        expected = _expected(outcome)
        if expected is None:
            continue
        key = test_key(test.expression, expected, test.setup)
        if key not in seen:
            seen.add(key)
            calls.append(CallTest(key, test.expression, expected, TestOrigin.MODEL, setup=test.setup))
    result.counts["tests right as written"] = sum(job.matrix.passed(job.original, t) is True for t in made)
    for test in calls:
        job.matrix.add_test(test)
    kept = _telling(job, calls)
    result.counts["tests kept"] = len(kept)
    yield from kept


def _as_written(job: Job, problem: Problem, roles: tuple[Role, ...], series: int) -> Iterator[Example]:
    context, program = job.context(series=series), job.original.source
    if "test" in roles:
        tests = [test for test in model_tests.propose(context) if isinstance(test, CallTest)]
        made = examples.of_tests(context, tests, problem.key, "written", OBSERVED)
        yield from _with_tests(made, program, "as the model wrote it; nothing was run")
    if "code" in roles:
        made = examples.of_rewrite(context, job.original, problem.key, "reference", OBSERVED)
        yield from _with_program(made, program, (), "trusted as it is")
        for code in rewrite.propose(context):
            made = examples.of_rewrite(context, code, problem.key, "written", OBSERVED)
            yield from _with_program(made, code.source, (), "as the model wrote it; nothing was run")


def _expected(outcome: Outcome) -> Expectation | None:
    if outcome.kind == "value" and outcome.value is not None and outcome.arguments_after is None:
        return Returns(outcome.value) if outcome.value.literal() is not None else None
    if outcome.kind == "exception" and outcome.raised is not None:
        return Raises(outcome.raised.type_name.removeprefix("builtins."))
    return None


def _telling(job: Job, calls: list[CallTest]) -> list[CallTest]:
    """Calls that tell at least one small change of the program from the program."""
    mutants = list(islice(mutate.propose(job.context()), _MUTANTS))
    if not mutants:
        return calls
    for mutant in mutants:
        job.matrix.add_code(mutant)
    job.matrix.fill(mutants, calls, job.budget)
    return [t for t in calls if any(job.matrix.passed(mutant, t) is False for mutant in mutants)]


def _programs(
    job: Job, problem: Problem, tests: list[CallTest], result: Augmented, series: int
) -> Iterator[Example]:
    matrix = job.matrix
    made = examples.of_rewrite(job.context(), job.original, problem.key, "reference", OBSERVED)
    known = len(job.trusted)
    verdict = f"passes all {known} known-good tests" if known else "trusted as it is: it has no tests"
    yield from _with_program(made, job.original.source, job.trusted_calls, verdict)
    ours: list[Example] = []
    for before, fix in problem.taken.fixes:
        matrix.add_code(fix)
        matrix.fill([fix], job.trusted_calls, job.budget)
        if fix.key != job.original.key and not passes_all(job, fix, job.trusted_calls):
            continue
        origin = "edited" if fix.key in problem.taken.edited else "accepted"
        taught = _of_fix(job, before, fix, problem.key, origin)
        tried = len(job.trusted_calls)
        verdict = f"{origin} by the user" + (f", and passes all {tried} known-good tests" if tried else "")
        told = list(_with_program(taught, fix.source, job.trusted_calls, verdict))
        ours += told
        yield from told
    dismissed = [
        example
        for before, fix in problem.taken.dismissed_fixes
        for example in _of_fix(job, before, fix, problem.key, "dismissed")
    ]
    yield from examples.preferences(ours, dismissed)
    if job.code_model is None or not tests:
        return
    proposed = list(rewrite.propose(job.context(series=series)))
    for code in proposed:
        matrix.add_code(code)
    matrix.fill(proposed, tests, job.budget)
    kept = [code for code in proposed if passes_all(job, code, tests)]
    if kept and matrix.items:
        matrix.fill_items(kept, matrix.items, job.budget)
        kept = [code for code in kept if all(matrix.passed(code, i) is not False for i in matrix.items)]
    result.counts["programs proposed"] = len(proposed)
    result.counts["programs kept"] = len(kept)
    known = len(job.trusted_calls)
    verdict = f"passes all {len(tests)} tests: {known} known-good, {len(tests) - known} observed"
    for code in kept:
        made = examples.of_rewrite(job.context(), code, problem.key, "sampled", OBSERVED)
        yield from _with_program(made, code.source, tests, verdict)


def _of_fix(job: Job, before: Target, fix: CodeCandidate, problem: str, origin: str) -> list[Example]:
    context = replace(job.context(), target=before)
    made = list(examples.of_rewrite(context, fix, problem, origin, ACCEPTED))
    if job.code_model is None:
        return made
    return [*examples.of_infill(context, job.code_model.info(), fix, problem, origin, ACCEPTED), *made]


def _preferred_tests(job: Job, problem: Problem, taken: list[CallTest]) -> Iterator[Example]:
    """Tests that were taken, each beside one that was dismissed, a line an answer."""

    def alone(tests: Iterable[CallTest]) -> Iterator[Example]:
        for test in tests:
            yield from examples.of_tests(job.context(), [test], problem.key, "accepted", ACCEPTED)

    made = examples.preferences(alone(taken), alone(problem.taken.dismissed_tests))
    yield from _with_tests(made, job.original.source, "taken by the user, who dismissed the other answer")


def _small_changes(job: Job) -> str:
    mutants = sum(code.origin is CodeOrigin.MUTATE for code in job.matrix.codes)
    return f"; fails on at least one of {mutants} small changes of it" if mutants else ""


def _with_tests(made: Iterable[Example], program: str, verdict: str) -> Iterator[Example]:
    """Examples of tests, each with the tests that its answer spells."""
    for example in made:
        whole = getattr(example.prompt, "prefill", "").removeprefix("```python\n") + example.answer
        tests = tuple(line for line in whole.splitlines() if line and line != "```")
        yield replace(example, evidence=Evidence(program, tests, verdict))


def _with_program(
    made: Iterable[Example], program: str, tests: Iterable[CallTest], verdict: str
) -> Iterator[Example]:
    spelt = tuple(examples.spelt(test) or test.expression for test in tests)
    for example in made:
        yield replace(example, evidence=Evidence(program, spelt, verdict))

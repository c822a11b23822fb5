"""From what was proposed to what may be believed: settled expectations, known-good votes, no flaky calls."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import replace

from genx_lsp.candidate import CallTest
from genx_lsp.engine.budget import Budget
from genx_lsp.engine.job import Job
from genx_lsp.engine.matrix import call_key
from genx_lsp.engine.meant import is_meant
from genx_lsp.source_text import shared_tree
from genx_sandbox import Call, Raises, Returns, SandboxCancelled, Unknown, Value
from genx_sandbox.values import contains

_UNDEFINED = re.compile(r"name '(\w+)' is not defined")
# Calls of the saved code that may take all of a call's time and not end; then so many more, with less time.
_PATIENT_DEATHS = 2
_BRIEF_DEATHS = 8
_BRIEF_SECONDS = 0.25
# States of `random` that a function's calls are tried in, once one of them has shown to depend on chance.
_STATES = 8


def settle_expected_texts(job: Job) -> None:
    """Evaluate right-hand sides such as `Decimal("1.5")` in a child apart from every candidate."""
    waiting = [t for t in job.matrix.tests if isinstance(t.expectation, Unknown) and t.expected_text]
    if not waiting:
        return
    calls = [Call(key=t.key, expression=t.expected_text, setup=t.setup) for t in waiting]
    program = job.matrix.program(job.original)
    objects: list[CallTest] = []
    for result in job.executor.run_calls([program], calls, job.budget):
        for test, outcome in zip(waiting, result.outcomes, strict=True):
            value = outcome.value if outcome.kind == "value" else None
            settled = None
            if value is not None and value.kind not in ("opaque", "truncated"):
                settled = replace(test, expectation=Returns(value))
            job.matrix.replace_test(test, settled)
            if settled is not None and test.trusted and value is not None and contains(value, "object"):
                objects.append(settled)
    _drop_unequal(job, objects)


def _drop_unequal(job: Job, tests: list[CallTest]) -> None:
    """Leave out user's tests whose expected object differs from its own copy: `==` is identity there.

    Values are compared by structure; for a class without `__eq__` that would not be what the test says.
    """
    calls = [
        Call(t.key, f"({t.expected_text}) == __import__('copy').deepcopy({t.expected_text})", t.setup)
        for t in tests
    ]
    for result in (
        job.executor.run_calls([job.matrix.program(job.original)], calls, job.budget) if tests else ()
    ):
        for test, outcome in zip(tests, result.outcomes, strict=True):
            if outcome.value != Value.of(True):
                job.matrix.replace_test(test, None)


def run_original(job: Job) -> str:
    """Run the saved code on every call; returns why it cannot be run, or nothing."""
    matrix, original = job.matrix, job.original
    run_saved(job, [test for test in matrix.tests if test.trusted])
    run_saved(job, [test for test in matrix.tests if not test.trusted])
    outcomes = [matrix.outcome(original, test) for test in matrix.tests]
    if outcomes and all(o is not None and o.kind == "refused" for o in outcomes):
        return next((o.detail for o in outcomes if o is not None and o.detail), "it could not be loaded")
    job.excluded |= {test.key for test in matrix.tests if _lacks_a_name(job, test)}
    return ""


def run_saved(job: Job, tests: Sequence[CallTest]) -> None:
    """Run the saved code on calls.

    One that never ends costs the whole time of a call. After two of them it is clear what is the matter, and
    the other calls get less.
    """
    matrix, original = job.matrix, job.original
    outcomes = [matrix.outcome(original, test) for test in matrix.tests]
    if not any(outcome is not None and outcome.kind == "timeout" for outcome in outcomes):
        matrix.fill([original], tests, job.budget, probes=True, deaths=_PATIENT_DEATHS)
        if not matrix.forget_unrun(original, tests):
            return
    brief = min(_BRIEF_SECONDS, job.settings.sandbox.call_seconds)
    matrix.fill([original], tests, job.budget, probes=True, brief=brief, deaths=_BRIEF_DEATHS)


def _lacks_a_name(job: Job, test: CallTest) -> bool:
    """The call itself speaks of something that its module does not have: that is no fault of the function."""
    outcome = job.matrix.outcome(job.original, test)
    raised = outcome.raised if outcome is not None else None
    if raised is None or raised.type_name != "builtins.NameError":
        return False
    name = _UNDEFINED.match(raised.message)
    tree = shared_tree(f"{test.setup}\n{test.expression}")
    return name is not None and any(isinstance(n, ast.Name) and n.id == name[1] for n in ast.walk(tree))


def run_items(job: Job) -> None:
    """Run the saved code on the project's own items."""
    matrix = job.matrix
    endless = {
        test.key
        for test in job.trusted_calls
        if (outcome := matrix.outcome(job.original, test)) is not None and outcome.kind == "timeout"
    }
    # Nothing of these would be learnt but that they do not end, which takes longest of all.
    hang = [item for item in matrix.items if endless.intersection(item.calls)]
    for item in hang:
        matrix.settle_item(job.original, item, False)
    if matrix.items:
        matrix.fill_items([job.original], [i for i in matrix.items if i not in hang], job.budget)
        if matrix.no_items:
            job.note(f"The project's own tests were left out: {matrix.no_items}")


def exclude_unstable(job: Job, budget: Budget | None = None) -> None:
    """Leave out calls that time out or crash, and those that answer differently elsewhere.

    Elsewhere is under another hash seed, and on what pretends to be another machine on another day.

    `budget`: where the time for proposing, which it takes otherwise, may be over already.
    """
    matrix, original = job.matrix, job.original
    again: list[CallTest] = []
    for test in matrix.tests:
        outcome = matrix.outcome(original, test)
        if outcome is None or test.key in job.excluded or call_key(test) in job.repeated:
            continue
        if outcome.kind in ("value", "exception"):
            again.append(test)
        elif not test.trusted:
            # A call that nobody vouches for and that ends in a timeout may simply be a bad call.
            job.excluded.add(test.key)
            if outcome.kind in ("timeout", "crash"):
                job.unended.add(test.key)
    if not again:
        return
    calls = {call_key(t): Call(key=call_key(t), expression=t.expression, setup=t.setup) for t in again}
    changed: set[str] = set()
    program = matrix.program(original)
    for result in job.executor.repeat_calls([program], list(calls.values()), budget or job.budget):
        second = dict(zip(calls, result.outcomes, strict=True))
        for test in again:
            first = matrix.outcome(original, test)
            if first is not None and first.key != second[call_key(test)].key:
                job.excluded.add(test.key)
                changed.add(test.expression)
    job.repeated.update(calls)
    if changed and not job.chancy:
        job.chancy = True
        # Those that were taken for stable before are looked at with other eyes.
        again = [test for test in matrix.tests if call_key(test) in job.repeated]
    if job.chancy:
        changed |= _by_chance(job, again, budget or job.budget)
    if changed:
        example = min(changed, key=len)
        job.note(
            f"{len(changed)} calls gave a different answer the second time ({example}) and were left out: "
            "the function depends on the clock, on chance, on state, on the machine or on its files."
        )


def _by_chance(job: Job, tests: Sequence[CallTest], budget: Budget) -> set[str]:
    """Calls of a function that depends on chance whose answer differs in one of several states of `random`.

    Of many such calls some give the same answer twice, and those would be the ones that are offered.
    """
    left = {
        call_key(test): test
        for test in tests
        if test.key not in job.excluded and job.matrix.outcome(job.original, test) is not None
    }
    changed: set[str] = set()
    try:
        for state in range(_STATES):
            seed = f"__import__('random').seed({state})\n"
            calls = [Call(key, test.expression, seed + test.setup) for key, test in left.items()]
            if not calls:
                break
            for result in job.executor.repeat_calls([job.matrix.program(job.original)], calls, budget):
                for call, outcome in zip(calls, result.outcomes, strict=True):
                    first = job.matrix.outcome(job.original, left[call.key])
                    if first is not None and first.key != outcome.key:
                        changed.add(left.pop(call.key).expression)
    except SandboxCancelled:
        # Not looked at in every state: what nobody vouches for may be one of those.
        job.excluded |= {test.key for test in tests if not test.trusted}
        raise
    job.excluded |= {test.key for test in tests if test.expression in changed}
    return changed


def is_accident(job: Job, test: CallTest) -> bool:
    """The saved code ends this call in an error that nobody meant."""
    if test.trusted or isinstance(test.expectation, Raises):
        return False
    outcome = job.matrix.outcome(job.original, test)
    raised = outcome.raised if outcome is not None else None
    return raised is not None and not is_meant(job, raised)

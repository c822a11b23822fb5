"""Is the code as saved wrong? First by specification, then by the agreement of independent witnesses.

Witnesses are programs that the code model wrote from the signature and the docstring alone, without
seeing the body. One sample proves little; several different programs that do the same on a call, against
the saved code, are worth a look, and only together with a small edit of the saved code that behaves
exactly like them (`repair`). Everything else stays silent: a wrong alarm costs more than none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from genx_lsp.candidate import CallTest, CodeCandidate, CodeOrigin
from genx_lsp.engine.answers import answer, answers
from genx_lsp.engine.job import Job
from genx_lsp.engine.meant import is_meant
from genx_lsp.rank.agreement import expected_outcomes
from genx_lsp.rank.suspicion import ochiai
from genx_sandbox import Outcome, Unknown

# A call is settled where this share of the witnesses' weight does the same on it ...
SETTLED_SHARE = 0.6
# ... and so many samples ran on it, of so many different programs.
SETTLED_SAMPLES = 3.0
SETTLED_PROGRAMS = 2
# Where the saved code ends in an accident, nearly all of the weight has to give one and the same value.
UNANIMOUS = 0.9
# ... and on so many calls: one or two may be calls that nobody should make.
FAILURES = 3
# Many faults loop, and the first calls weed them out: these may take so many times as long as the slowest
# call of the saved code that gave a value, and a twentieth of a second at least.
PATIENCE = 20.0
LEAST_SECONDS = 0.05
_NO_SUCH_NAME = "builtins.NameError"


@dataclass(frozen=True)
class Settled:
    """A call on which the witnesses agree."""

    test: CallTest
    key: str
    """The majority's answer."""
    outcome: Outcome
    share: float
    """Of the witnesses' weight, in [SETTLED_SHARE, 1]."""
    dissent: bool
    """The saved code does something else."""
    failure: bool = False
    """It does not end, or ends in an accident."""


def witnesses(job: Job) -> list[CodeCandidate]:
    """The programs written from the description alone, in the order in which they came."""
    return [code for code in job.matrix.codes if code.key in job.witnesses]


def hear(job: Job) -> None:
    """Run the witnesses on every call that may say something."""
    programs = witnesses(job)
    job.matrix.fill(programs, job.usable, job.budget)
    job.matrix.fill(programs, job.dubious, job.budget, brief=patience(job))


def patience(job: Job) -> float:
    """Seconds that a call of a candidate may take while most are still expected to be wrong.

    Only calls that give a value are a measure: to recurse until Python stops it takes long.
    """
    outcomes = [job.matrix.outcome(job.original, test) for test in job.usable]
    ended = [o.seconds for o in outcomes if o is not None and o.kind == "value"]
    return min(job.settings.sandbox.call_seconds, max(LEAST_SECONDS, PATIENCE * max(ended, default=0.0)))


def settled_calls(job: Job) -> list[Settled]:
    """The calls on which the witnesses agree, whatever the saved code does."""
    programs = [code for code in witnesses(job) if loads(job, code) and credible(job, code)]
    tests = one_test_a_call([*job.usable, *job.dubious])
    if len(programs) < SETTLED_PROGRAMS or not tests:
        return []
    rows = [answers(job.matrix, code, tests) for code in programs]
    votes = expected_outcomes(rows, [job.witnesses[code.key] for code in programs])
    settled = []
    for column, (test, vote) in enumerate(zip(tests, votes, strict=True)):
        if vote.winner is None or vote.share < SETTLED_SHARE:
            continue
        supporters = [c for c, row in zip(programs, rows, strict=True) if row[column] == vote.winner]
        samples = sum(job.witnesses[code.key] for code in supporters)
        if samples < SETTLED_SAMPLES or len(supporters) < SETTLED_PROGRAMS:
            continue
        outcome = job.matrix.outcome(supporters[0], test)
        current = job.matrix.outcome(job.original, test)
        if outcome is None or current is None or not tells(job, outcome):
            continue
        dissent = answer(current) != vote.winner
        failure = dissent and not tells(job, current)
        if failure and not (vote.share >= UNANIMOUS and outcome.kind == "value"):
            # The saved code fails where nothing says that it may not: unspecified, not wrong, unless
            # all the others know an answer.
            continue
        settled.append(Settled(test, vote.winner, outcome, vote.share, dissent, failure))
    if sum(s.failure for s in settled) < FAILURES:
        return [s for s in settled if not s.failure]
    return settled


def does(job: Job, code: CodeCandidate, settled: Settled) -> bool:
    """The candidate does on a settled call what the witnesses do."""
    outcome = job.matrix.outcome(code, settled.test)
    return outcome is not None and answer(outcome) == settled.key


def enough(job: Job) -> bool:
    """Whether more witnesses would hardly say anything new.

    Either enough samples did what the saved code does on every call that says anything, or all of them
    did the same, whatever that is.
    """
    tests = [t for t in one_test_a_call(job.usable) if says_something(job, t)]
    current = answers(job.matrix, job.original, tests)
    samples: dict[tuple[str | None, ...], float] = {}
    for code in witnesses(job):
        if loads(job, code):
            row = answers(job.matrix, code, tests)
            samples[row] = samples.get(row, 0.0) + job.witnesses[code.key]
    unanimous = len(samples) == 1 and max(samples.values()) >= SETTLED_SAMPLES
    return bool(tests) and (unanimous or samples.get(current, 0.0) >= SETTLED_SAMPLES)


def says_something(job: Job, test: CallTest) -> bool:
    """The saved code gives a value here, or an exception that was meant."""
    outcome = job.matrix.outcome(job.original, test)
    return outcome is not None and tells(job, outcome)


def tells(job: Job, outcome: Outcome) -> bool:
    """A value, or an exception that the function's own text names: behaviour that was meant."""
    if outcome.kind == "value":
        return True
    raised = outcome.raised
    return raised is not None and is_meant(job, raised)


def credible(job: Job, code: CodeCandidate) -> bool:
    """The program passes every known-good test that was run on it: it has understood what was asked.

    One that calls a helper which nobody wrote answers easy calls alone, and is not heard on those either.
    """
    outcomes = [job.matrix.outcome(code, test) for test in job.usable]
    if any(o is not None and o.raised is not None and o.raised.type_name == _NO_SUCH_NAME for o in outcomes):
        return False
    return all(job.matrix.passed(code, test) is not False for test in job.trusted)


def loads(job: Job, code: CodeCandidate) -> bool:
    """The program could be loaded: at least one of its calls was made."""
    outcomes = [job.matrix.outcome(code, test) for test in job.usable]
    return any(o is not None and o.kind in ("value", "exception") for o in outcomes)


def one_test_a_call(tests: Sequence[CallTest]) -> list[CallTest]:
    """One test for each different call; expectations do not matter here."""
    seen: dict[tuple[str, str], CallTest] = {}
    for test in tests:
        seen.setdefault((test.setup, test.expression), test)
    return list(seen.values())


def gainsaid(job: Job, tests: Sequence[CallTest]) -> set[tuple[str, str]]:
    """The calls, as (setup, expression), on which the saved code has not at least one voice more than any
    who know another answer. Where nobody knows one, nothing speaks against the code."""
    voices = [code for code in witnesses(job) if loads(job, code) and credible(job, code)]
    found: set[tuple[str, str]] = set()
    for test in one_test_a_call(tests) if voices else ():
        current = job.matrix.outcome(job.original, test)
        for_it = against = 0.0
        for code in voices:
            outcome = job.matrix.outcome(code, test)
            if outcome is None or current is None or not tells(job, outcome):
                continue
            if answer(outcome) == answer(current):
                for_it += job.witnesses[code.key]
            else:
                against += job.witnesses[code.key]
        if against and against >= for_it:
            found.add((test.setup, test.expression))
    return found


def suspicion(job: Job, settled: Sequence[Settled] = ()) -> dict[int, float]:
    """Ochiai over the lines that trusted tests reached; over settled calls where no trusted test fails."""
    if job.failing:
        judged = [(t, job.matrix.passed(job.original, t)) for t in job.trusted_calls]
    else:
        judged = [(s.test, not s.dissent) for s in settled]
    lines: list[frozenset[int]] = []
    failed: list[bool] = []
    for test, verdict in judged:
        outcome = job.matrix.outcome(job.original, test)
        if outcome is not None and verdict is not None:
            lines.append(outcome.lines)
            failed.append(not verdict)
    scores = ochiai(lines, failed)
    first, last = job.target.first_line, job.target.last_line
    return {line: score for line, score in scores.items() if first <= line <= last}


def counter_example(job: Job, test: CallTest, expected: str) -> str:
    """`f([], 3)` gives -1 instead of IndexError."""
    outcome = job.matrix.outcome(job.original, test)
    return f"`{test.expression}` {describe(outcome)} instead of {expected}"


def describe(outcome: Outcome | None) -> str:
    """What a call did, for people."""
    if outcome is None:
        return "was not run"
    if outcome.kind == "value" and outcome.value is not None:
        if outcome.arguments_after is not None and outcome.value.kind == "none":
            return f"leaves its arguments as {', '.join(v.text() for v in outcome.arguments_after)}"
        return f"gives {outcome.value.text()}"
    if outcome.kind == "exception" and outcome.raised is not None:
        return f"raises {outcome.raised.type_name.rpartition('.')[2]}"
    return {"timeout": "does not end in time", "crash": "ends the process"}.get(outcome.kind, "was refused")


def expected_words(job: Job, test: CallTest) -> str:
    """What a trusted test expects, for people."""
    expectation = test.expectation
    kind = type(expectation).__name__
    if kind == "Raises":
        return str(getattr(expectation, "type_name", "")).rpartition(".")[2]
    if test.expected_text:
        return test.expected_text
    value = getattr(expectation, "value", None)
    return value.text() if value is not None else "what its test expects"


def outcome_words(outcome: Outcome) -> str:
    """What the witnesses' outcome is, as the right-hand side of "instead of"."""
    if outcome.kind == "value" and outcome.value is not None:
        return outcome.value.text()
    raised = outcome.raised
    return raised.type_name.rpartition(".")[2] if raised is not None else outcome.kind


def test_votes(job: Job, code: CodeCandidate) -> tuple[float, float]:
    """Weight of the test model's expectations that only `code` meets, and that only the saved code does."""
    gained = lost = 0.0
    for test in job.matrix.tests:
        if test.trusted or isinstance(test.expectation, Unknown):
            continue
        if test.key in job.excluded and test.key not in job.unended:
            continue
        here, there = job.matrix.passed(code, test), job.matrix.passed(job.original, test)
        if here and there is False:
            gained += test.weight
        elif there and here is False:
            lost += test.weight
    return gained, lost


def is_small_edit(code: CodeCandidate) -> bool:
    """Made from the saved code by changing one place, not written anew."""
    return code.origin in (CodeOrigin.MUTATE, CodeOrigin.INFILL)

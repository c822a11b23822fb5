"""Which of the fixes that pass the same tests comes first, and whom the engine believes in doubt."""

from __future__ import annotations

import threading
from textwrap import dedent
from typing import Any

from genx_lsp.candidate import CallTest, CodeCandidate, CodeOrigin, TestOrigin
from genx_lsp.engine import doubt, repair, trust
from genx_lsp.engine.answers import answer
from genx_lsp.engine.budget import Budget
from genx_lsp.engine.harm import harm
from genx_lsp.engine.job import Job
from genx_lsp.engine.matrix import Matrix
from genx_lsp.propose import docstring_examples, neighbours
from genx_lsp.propose.keys import code_key, test_key
from genx_sandbox import Unknown

PLACE_OF = '''
    def place_of(name: str, names: list[str]) -> int:
        """Where the name stands in the sorted names; -1 where it does not.

        >>> place_of("b", ["a", "b", "c"])
        1
        >>> place_of("x", ["a", "b"])
        -1
        """

        def between(low, high):
            if low == high:
                return -1
            middle = low + (high - low) // 2
            if name < names[middle]:
                return between(low, middle)
            if name > names[middle]:
                return between(middle, high)
            return middle

        return between(0, len(names))
'''

ONES = '''
    def ones(n: int) -> int:
        """How many binary digits of the number, which is not negative, are 1."""
        count = 0
        while n > 0:
            count += n % 2
            n //= 1
        return count
'''
ONES_WITNESSES = [
    dedent(ONES[: ONES.index("        count")] + body).lstrip("\n")
    for body in (
        "        return bin(n).count('1')\n",
        "        return format(n, 'b').count('1')\n",
        "        return sum(1 for digit in bin(n)[2:] if digit == '1')\n",
    )
]

HALF = '''
    def half(n: int) -> int:
        """Half of the number, rounded down.

        >>> half(7)
        3
        """
        return n // 2
'''


def job_on(place: Any, path: Any, name: str) -> Job:
    engine = place.engine(path)
    target = place.target(engine, path, name)
    return Job(
        target=target, project=engine.project, settings=engine.settings, want="fixes",
        budget=Budget(threading.Event(), 120), executor=engine._executor,
        matrix=Matrix(target, engine._executor), code_model=None, test_model=None, tests_text={},
    )  # fmt: skip


def candidate(job: Job, old: str, new: str) -> CodeCandidate:
    source = job.target.source.replace(old, new)
    assert source != job.target.source
    return CodeCandidate(code_key(source), source, CodeOrigin.MUTATE)


def test_a_fix_that_changes_answers_which_nothing_speaks_against_comes_later(place: Any) -> None:
    """The second example never ends; `!=` for `<` passes both, and loses every name on the right."""
    path = place.write("names.py", PLACE_OF)
    engine = place.engine(path)
    final = list(engine.work(place.target(engine, path, "place_of"), "fixes"))[-1]
    assert [edit.text.strip() for edit in final.fixes[0].edits] == ["return between(middle + 1, high)"]


def test_harm_is_changed_answers_and_errors_that_stay(place: Any) -> None:
    job = job_on(place, place.write("names.py", PLACE_OF), "place_of")
    for test in docstring_examples.propose(job.context()):
        job.matrix.add_test(test)
    trust.settle_expected_texts(job)
    for expression in (
        'place_of("c", ["a", "b", "c"])',
        'place_of("z", ["a", "b", "c"])',
        'place_of("a", ["a", "b"])',
    ):
        job.matrix.add_test(CallTest(test_key(expression, Unknown()), expression, origin=TestOrigin.BOUNDARY))
    right = candidate(job, "between(middle, high)", "between(middle + 1, high)")
    changed = candidate(job, "name < names", "name != names")
    staying = candidate(job, "between(middle, high)", "between(middle, high + 0)")
    job.plausible.extend((right, changed, staying))
    trust.run_original(job)
    for code in job.plausible:
        job.matrix.add_code(code)
    job.matrix.fill(job.plausible, job.matrix.tests, job.budget)
    found = harm(job)
    assert [found[code.key] for code in (right, changed, staying)] == [0, 1, 1]


def test_where_a_wrong_answer_shows_the_bug_other_answers_may_be_wrong_too(place: Any) -> None:
    path = place.write("numbers_.py", HALF.replace("// 2", "// 3").replace(">>> half(7)", ">>> half(9)"))
    job = job_on(place, path, "half")
    for test in docstring_examples.propose(job.context()):
        job.matrix.add_test(test)
    trust.settle_expected_texts(job)
    trust.run_original(job)
    job.plausible.append(candidate(job, "// 3", "// 2"))
    assert job.trusted_calls
    assert harm(job) == {}


def test_a_loop_that_never_ends_is_found_by_those_who_know_the_answer(place: Any, scripted: Any) -> None:
    path = place.write("bits.py", ONES)
    model = scripted(rewrites=ONES_WITNESSES, tests=["assert ones(5) == 2"])
    engine = place.engine(path, model)
    final = list(engine.work(place.target(engine, path, "ones"), "fixes"))[-1]
    assert final.bug is not None
    assert final.bug.basis == "agreement"
    assert "does not end in time" in final.bug.message
    assert [edit.text.strip() for edit in final.fixes[0].edits] == ["n //= 2"]


def judged(place: Any, source: str, *more: str) -> Job:
    """A job whose saved code was run on its examples, the calls beside them, and `more` calls."""
    job = job_on(place, place.write("numbers_.py", source), "half")
    for test in docstring_examples.propose(job.context()):
        job.matrix.add_test(test)
    trust.settle_expected_texts(job)
    for test in neighbours.propose(job.matrix.tests, 6, 0):
        job.matrix.add_test(test)
    for expression in more:
        job.matrix.add_test(CallTest(test_key(expression, Unknown()), expression))
    trust.run_original(job)
    return job


def hear(job: Job, *bodies: str) -> list[bool]:
    """For each call that witnesses with these bodies settle, whether they are against the saved code."""
    job.witnesses.clear()
    for body in bodies:
        code = candidate(job, "return n // 2", body)
        job.witnesses[code.key] = 2.0
        job.matrix.add_code(code)
    doubt.hear(job)
    return [settled.dissent for settled in doubt.settled_calls(job)]


def test_programs_that_fail_a_known_good_test_settle_nothing(place: Any) -> None:
    job = judged(place, HALF)
    assert hear(job, "return n / 2", "return n * 0.5", "return 0.5 * n") == []
    agreed = hear(job, "return (n - n % 2) / 2", "return n >> 1", "return divmod(n, 2)[0]")
    assert agreed
    assert not any(agreed)


def test_programs_that_call_what_does_not_exist_settle_nothing(place: Any) -> None:
    """They answer the easy calls, where they need no helper, and there they all agree."""
    job = judged(place, HALF)
    assert hear(job, "return n // 2 if n < 10_000 else n >> 1", "return (n - n % 2) // 2")
    assert not hear(job, "return n // 2 if n == 7 else halved(n)", "return n >> 1 if n == 7 else halve(n)")


def rank(job: Job, *codes: CodeCandidate, settled: Any = ()) -> str:
    """The key of the fix that comes first."""
    job.plausible[:] = codes
    for code in codes:
        job.matrix.add_code(code)
    job.matrix.fill(codes, job.matrix.tests, job.budget)
    repair.rank_fixes(job, settled)
    return job.fixes[0].code.key


def test_where_no_call_tells_fixes_apart_the_likelier_body_comes_first(place: Any, scripted: Any) -> None:
    class Fond(scripted):
        def score(self, prompt: Any, continuations: list[str]) -> list[float]:
            return [-0.1 if "(3 - 1)" in text else -3.0 for text in continuations]

    job = judged(place, HALF.replace("return n // 2", "return n // 3"))
    short, long = candidate(job, "// 3", "// 2"), candidate(job, "n // 3", "n // (3 - 1)")
    assert rank(job, long, short) == short.key
    job.code_model = Fond()
    place.engine(job.target.path)._weigh_bodies(job)
    assert rank(job, long, short) == long.key


def test_witnesses_are_not_heard_against_a_body_that_is_much_likelier(place: Any) -> None:
    job = judged(place, HALF.replace("return n // 2", "return n // 3"), "half(-5)")
    meant, odd = candidate(job, "n // 3", "n // 2"), candidate(job, "n // 3", "int(n / 2)")
    job.matrix.add_code(odd)
    call = next(test for test in job.matrix.tests if test.expression == "half(-5)")
    job.matrix.fill([odd], [call], job.budget)
    outcome = job.matrix.outcome(odd, call)
    assert outcome is not None
    settled = [doubt.Settled(call, answer(outcome), outcome, 0.8, dissent=False)]
    job.likelihood = {meant.key: -1.0, odd.key: -1.0}
    assert rank(job, meant, odd, settled=settled) == odd.key
    job.likelihood = {meant.key: -1.0, odd.key: -4.0}
    assert rank(job, meant, odd, settled=settled) == meant.key


def test_a_fix_that_only_deletes_comes_after_one_that_does_the_same(place: Any) -> None:
    job = judged(place, HALF.replace("return n // 2", "return n // 2 + min(1, n)"))
    deleting, changing = candidate(job, " + min(1, n)", ""), candidate(job, "min(1, n)", "min(0, 0 * n)")
    assert rank(job, deleting, changing) == changing.key


def test_an_operand_too_many_is_taken_away(place: Any) -> None:
    job = judged(place, HALF.replace("return n // 2", "return n // 2 + 1"))
    deleting, changing = candidate(job, " + 1", ""), candidate(job, " + 1", " + 0 * n")
    assert rank(job, changing, deleting) == deleting.key

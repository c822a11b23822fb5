"""The stream of findings: order, determinism, cancellation, nothing run twice."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from textwrap import dedent
from typing import Any

from genx_lsp.engine.budget import Budget
from genx_lsp.engine.job import Job
from genx_lsp.engine.matrix import Matrix, call_key
from genx_sandbox import Level, Sandbox, Workspace

CLAMP = '''
    def clamp(value: int, low: int, high: int) -> int:
        """The value, kept within low and high.

        >>> clamp(7, 0, 5)
        5
        """
        if value < low:
            return low
        return min(value, high)
'''


def test_stages_come_in_order_and_end_with_final(place: Any, scripted: Any) -> None:
    path = place.write("numbers_.py", CLAMP)
    found = place.findings(path, "clamp", scripted(tests=["assert clamp(1, 2, 3) == 2"]))
    order = ["started", "quick", "enriched", "final"]
    places = [order.index(f.stage) for f in found]
    assert places == sorted(places)
    assert found[0].stage == "started"
    assert found[-1].stage == "final"


def test_the_planned_file_passes_under_plain_pytest(place: Any) -> None:
    path = place.write("numbers_.py", CLAMP)
    final = place.findings(path, "clamp")[-1]
    plan = final.plan
    assert plan is not None
    plan.path.parent.mkdir(parents=True, exist_ok=True)
    plan.path.write_text(plan.new_text, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(plan.path)]
    run = subprocess.run(command, cwd=place.root, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stdout


def test_tests_say_what_they_kill_and_none_is_idle(place: Any) -> None:
    final = place.findings(place.write("numbers_.py", CLAMP), "clamp")[-1]
    assert final.tests
    for test in final.tests:
        assert test.evidence.mutants_killed or test.evidence.lines_covered


def test_what_the_projects_tests_check_already_is_not_offered_again(place: Any) -> None:
    path = place.write("numbers_.py", CLAMP)
    offered = {t.test.expression for t in place.findings(path, "clamp")[-1].tests}
    assert "clamp(7, 0, 5)" in offered
    place.write(
        "tests/test_numbers.py",
        """
        from numbers_ import clamp


        def test_too_high():
            assert clamp(7, 0, 5) == 5
        """,
    )
    offered = {t.test.expression for t in place.findings(path, "clamp")[-1].tests}
    assert "clamp(7, 0, 5)" not in offered


def test_what_was_verified_first_is_kept_where_there_is_no_time_to_choose_again(
    place: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr("genx_lsp.engine.engine.FINISH_SECONDS", 0.0)
    found = place.findings(place.write("numbers_.py", CLAMP), "clamp")
    quick = [f for f in found if f.stage == "quick" and f.tests][-1]
    assert [t.id for t in found[-1].tests] == [t.id for t in quick.tests]
    assert found[-1].plan == quick.plan
    assert any("those of the first look are offered" in note for note in found[-1].notes)


def test_the_same_seed_gives_the_same_findings(place: Any, scripted: Any) -> None:
    path = place.write("numbers_.py", CLAMP)
    answers = ["assert clamp(1, 2, 3) == 2", "assert clamp(9, 2, 3) == 3"]
    first, second = (place.findings(path, "clamp", scripted(tests=answers))[-1] for _ in range(2))
    assert [t.id for t in first.tests] == [t.id for t in second.tests]
    assert first.plan == second.plan


def test_cancelling_ends_the_stream_without_a_last_word(place: Any, scripted: Any) -> None:
    path = place.write("numbers_.py", CLAMP)
    engine = place.engine(path, scripted(tests=["assert clamp(1, 2, 3) == 2"]))
    cancel = threading.Event()
    found = []
    for findings in engine.work(place.target(engine, path, "clamp"), "both", cancel):
        found.append(findings)
        cancel.set()
    assert [f.stage for f in found] == ["started"]


def test_no_cell_is_run_twice(place: Any) -> None:
    path = place.write("numbers_.py", CLAMP)
    engine = place.engine(path)
    target = place.target(engine, path, "clamp")
    asked: list[tuple[str, str]] = []

    class Counting:
        level = engine._executor.level

        def run_calls(self, programs: Any, calls: Any, cancel: Any = None) -> Any:
            asked.extend((p.key, c.key) for p in programs for c in calls)
            return engine._executor.run_calls(programs, calls, cancel)

    budget = Budget(threading.Event(), 60)
    job = Job(
        target=target, project=engine.project, settings=engine.settings, want="both", budget=budget,
        executor=Counting(), matrix=Matrix(target, Counting()), code_model=None, test_model=None,
        tests_text={},
    )  # fmt: skip
    from genx_lsp.propose import boundary, docstring_examples, mutate

    tests = [*docstring_examples.propose(job.context()), *boundary.propose(job.context())]
    for test in tests[:4]:
        job.matrix.add_test(test)
    job.matrix.fill([job.original], job.matrix.tests, budget)
    for code in list(mutate.propose(job.context()))[:5]:
        job.matrix.add_code(code)
    job.matrix.fill(job.matrix.codes, job.matrix.tests, budget)
    for test in tests[4:8]:
        job.matrix.add_test(test)
    job.matrix.fill(job.matrix.codes, job.matrix.tests, budget)
    assert len(asked) == len(set(asked)) == 6 * len({call_key(t) for t in tests[:8]})
    assert job.matrix.executed == len(asked)


def test_a_read_only_project_is_worked_on_all_the_same(place: Any) -> None:
    path: Path = place.write("numbers_.py", CLAMP)
    path.chmod(0o444)
    place.root.chmod(0o555)
    try:
        assert place.findings(path, "clamp")[-1].tests
    finally:
        place.root.chmod(0o755)


def test_below_the_full_level_what_is_offered_was_checked_split(place: Any) -> None:
    """The reduced level has no pytest items: generated tests are run split, and so is the project's own."""
    path = place.write("numbers_.py", CLAMP)
    place.write("tests/test_numbers.py", "from numbers_ import clamp\n\n\ndef test_it():\n    assert clamp\n")
    workspace = Workspace(Path(sys.executable), place.root, (place.root,))
    engine = place.engine(path, executor=Sandbox(workspace, level=Level.REDUCED))
    final = list(engine.work(place.target(engine, path, "clamp")))[-1]
    assert final.level == "reduced"
    assert final.tests
    assert not any("cannot be run here" in note for note in final.notes)


def test_an_example_is_offered_before_any_model_is_asked(place: Any, scripted: Any) -> None:
    """A described function's examples need no witnesses; of what it merely returns nothing is offered yet."""
    model = scripted(tests=["assert clamp(1, 2, 3) == 2"])
    engine = place.engine(path := place.write("numbers_.py", CLAMP), model)
    for findings in engine.work(place.target(engine, path, "clamp")):
        if findings.tests:
            break
    assert [test.title for test in findings.tests] == ["clamp(7, 0, 5) == 5"]
    assert {test.basis for test in findings.tests} == {"specification"}
    assert findings.plan is not None
    assert not model.requests


def test_a_broken_example_is_told_before_a_fix_is_looked_for(place: Any, scripted: Any) -> None:
    model = scripted()
    path = place.write("numbers_.py", CLAMP.replace("min(value, high)", "max(value, high)"))
    engine = place.engine(path, model)
    for findings in engine.work(place.target(engine, path, "clamp")):
        if findings.bug is not None:
            break
    assert findings.bug is not None
    assert findings.bug.counter_example == "`clamp(7, 0, 5)` gives 7 instead of 5"
    assert findings.fixes == ()
    assert findings.tests == ()
    assert not model.requests


def test_a_fix_of_the_functions_own_parts_is_shown_before_any_model_is_asked(
    place: Any, scripted: Any
) -> None:
    path = place.write(
        "sums.py",
        '''
        def largest_sum(numbers):
            """The largest sum of numbers that stand beside each other, at least 0.

            >>> largest_sum([4, -5, 2, 1, -1, 3])
            5
            >>> largest_sum([-3, -1])
            0
            """
            ending_here = largest = 0
            for number in numbers:
                ending_here = ending_here + number
                largest = max(largest, ending_here)
            return largest
        ''',
    )
    model = scripted()
    engine = place.engine(path, model)
    asked = [
        len(model.requests)
        for f in engine.work(place.target(engine, path, "largest_sum"), "fixes")
        if f.fixes
    ]
    assert asked[0] == 0
    assert asked[-1] > 0


def test_what_the_witnesses_agree_on_is_offered_before_tests_are_written(place: Any, scripted: Any) -> None:
    head = CLAMP[: CLAMP.index("        >>>")] + '        """\n'
    path = place.write("numbers_.py", head + "        return max(low, min(value, high))\n")
    bodies = (
        "kept = min(value, high)\n        return kept if kept > low else low",
        "return low if min(value, high) < low else min(value, high)",
        "if value > high:\n            value = high\n        return max(value, low)",
    )
    rewrites = [dedent(f"{head}        {body}\n").lstrip("\n") for body in bodies]
    model = scripted(rewrites=rewrites, tests=["assert clamp(1, 2, 3) == 2"])
    engine = place.engine(path, model, seconds=600.0)
    found = list(engine.work(place.target(engine, path, "clamp")))
    meanwhile = next(f for f in found if f.tests)
    assert (meanwhile.stage, meanwhile.activity) == ("enriched", "writing tests")
    assert {test.basis for test in meanwhile.tests} == {"agreement"}
    assert meanwhile.plan is not None
    assert all(f.tests for f in found[found.index(meanwhile) :])


def test_witnesses_of_one_mind_need_no_company(place: Any, scripted: Any) -> None:
    """The rest of the samples is given up as soon as those heard agree with the code as saved."""
    path = place.write(
        "halves.py",
        """
        def half(number: int) -> int:
            \"\"\"Half of a number, rounded down.\"\"\"
            return number // 2
        """,
    )
    ended = []

    # The fixture hands over a class, which the checker cannot know.
    class Talker(scripted):  # type: ignore[misc]
        def generate(self, request: Any, cancel: Any = None) -> Any:
            for completion in super().generate(request, cancel):
                ended.append(completion.text)
                yield completion

    head = 'def half(number: int) -> int:\n    """Half of a number, rounded down."""\n'
    bodies = ("    return number // 2\n", "    return (number - number % 2) // 2\n")
    place.findings(path, "half", Talker(rewrites=[head + body for body in bodies]))
    assert len([text for text in ended if "number" in text]) == 4


def test_what_an_object_says_is_asked_before_the_models_are(place: Any, scripted: Any) -> None:
    path = place.write(
        "words.py",
        """
        class Word:
            def __init__(self, text: str) -> None:
                self.text = text


        def quoted(text: str) -> Word:
            return Word('"' + text + '"')
        """,
    )
    found = place.findings(path, "quoted", scripted(tests=["assert quoted('a').text"]))
    first = next(f for f in found if f.tests)
    assert first.stage == "quick"
    assert all(t.test.expression.endswith(".text") for t in first.tests)

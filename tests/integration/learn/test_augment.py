from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from textwrap import dedent
from typing import Any

from genx_lsp.candidate import CallTest, CodeCandidate, CodeOrigin
from genx_lsp.config import Settings
from genx_lsp.learn.augment import Augmented, augment
from genx_lsp.learn.problems import Problem, Taken
from genx_lsp.learn.workbench import Sandboxes
from genx_sandbox import Returns, Value

SOURCE = '''
    def clamp(x: int, low: int) -> int:
        """The greater of x and low.

        >>> clamp(1, 5)
        5
        """
        return x if x > low else low
'''
HEAD = SOURCE[: SOURCE.index("        return")]


def run(
    boxes: Sandboxes, problem: Problem, tests: Any = None, code: Any = None, *, filtered: bool = True
) -> Augmented:
    return augment(
        problem,
        boxes.of(problem.project),
        Settings(),
        roles=("code", "test"),
        code_model=code,
        test_model=tests,
        series=1,
        cancel=threading.Event(),
        filtered=filtered,
    )


def answers(found: Augmented, role: str, origin: str) -> list[str]:
    return [e.answer for e in found.examples if (e.role, e.origin) == (role, origin)]


def test_what_is_observed_becomes_what_is_expected(
    boxes: Sandboxes, problem: Callable[..., Problem], scripted: Callable[..., Any]
) -> None:
    model = scripted(["assert clamp(7, 3) == 999", "assert clamp(-2, 0) == 0"])
    found = run(boxes, problem(SOURCE, "clamp"), tests=model)
    taught = answers(found, "test", "observed")
    assert taught[0] == "7, 3) == 7\nassert clamp(-2, 0) == 0\n```"
    assert taught[1].startswith("-2, 0) == 0\nassert clamp(")
    assert found.counts["tests right as written"] == 1
    assert found.counts["tests proposed"] == 2
    # Beside the model's own, a few plain calls with what they give.
    assert 2 < len(taught) <= 2 + 12
    clamp: dict[str, Any] = {}
    exec(dedent(SOURCE), clamp)
    for answer in taught:
        exec("assert clamp(" + answer.removesuffix("\n```"), clamp)


def test_flaky_and_wrongly_typed_calls_are_dropped(
    boxes: Sandboxes, problem: Callable[..., Problem], scripted: Callable[..., Any]
) -> None:
    source = """
        import time

        def stamp(x: int) -> float:
            if x > 5:
                return time.perf_counter_ns()
            return x * 2
    """
    model = scripted(["assert stamp(9) == 1", "assert stamp('a' * 3, ) == 1", "assert stamp([] - 1) == 0"])
    made = problem(source, "stamp")
    found = run(boxes, made, tests=model)
    assert not [a for a in answers(found, "test", "observed") if a.startswith(("9", "[]"))]


def test_programs_that_pass_the_known_good_tests_are_kept_once(
    boxes: Sandboxes, problem: Callable[..., Problem], scripted: Callable[..., Any]
) -> None:
    made = problem(SOURCE, "clamp")
    head = made.target.source[: made.target.source.index("    return")]
    right = head + "    return max(x, low)\n"
    model = scripted([right, right, head + "    return min(x, low)\n", head + "    return low\n"])
    tests = scripted(["assert clamp(7, 3) == 7"])
    found = run(boxes, made, tests=tests, code=model)
    assert answers(found, "code", "sampled") == ["    return max(x, low)\n```"]
    assert answers(found, "code", "reference") == ["    return x if x > low else low\n```"]
    assert (found.counts["programs proposed"], found.counts["programs kept"]) == (3, 1)


def test_code_that_fails_its_own_examples_teaches_nothing(
    boxes: Sandboxes, problem: Callable[..., Problem], scripted: Callable[..., Any]
) -> None:
    made = problem(SOURCE.replace("x > low", "x < low"), "clamp")
    found = run(boxes, made, tests=scripted(["assert clamp(7, 3) == 7"]))
    assert found.examples == []
    assert "fails tests" in found.dropped


def test_accepted_tests_count_while_they_hold(boxes: Sandboxes, problem: Callable[..., Problem]) -> None:
    made = problem(SOURCE, "clamp")
    taken = Taken(
        tests=(
            CallTest("a", "clamp(2, 1)", Returns(Value.of(2))),
            CallTest("b", "clamp(2, 9)", Returns(Value.of(2))),
        )
    )
    found = run(boxes, replace(made, taken=taken))
    assert answers(found, "test", "accepted") == ["2, 1) == 2\n```"]
    assert found.examples[0].weight > 1


def test_an_accepted_fix_teaches_the_line_and_the_whole(
    boxes: Sandboxes, problem: Callable[..., Problem], scripted: Callable[..., Any]
) -> None:
    made = problem(SOURCE, "clamp")
    before = replace(made.target, module_source=made.target.module_source.replace("x > low", "x < low"))
    fix = CodeCandidate("k", made.target.source, CodeOrigin.INFILL)
    found = run(boxes, replace(made, taken=Taken(fixes=((before, fix),))), code=scripted([]))
    taught = answers(found, "code", "accepted")
    assert any(answer.strip() == "return x if x > low else low" for answer in taught)
    assert any(answer.endswith("```") for answer in taught)


def test_what_was_dismissed_stands_beside_what_was_taken_and_is_taught_nowhere_else(
    boxes: Sandboxes, problem: Callable[..., Problem]
) -> None:
    made = problem(SOURCE, "clamp")
    taken, turned_down = "    return max(x, low)\n", "    return [low, x][x > low]\n"
    head = made.target.source[: made.target.source.index("    return")]
    fix, other = (CodeCandidate(line, head + line, CodeOrigin.REWRITE) for line in (taken, turned_down))
    found = run(
        boxes,
        replace(
            made,
            taken=Taken(
                tests=(CallTest("a", "clamp(2, 1)", Returns(Value.of(2))),),
                fixes=((made.target, fix),),
                dismissed_tests=(CallTest("b", "clamp(700, 1)", Returns(Value.of(700))),),
                dismissed_fixes=((made.target, other),),
            ),
        ),
    )
    pairs = {(e.role, e.answer, e.rejected) for e in found.examples if e.origin == "preferred"}
    assert pairs == {
        ("test", "2, 1) == 2\n```", "700, 1) == 700\n```"),
        ("code", taken + "```", turned_down + "```"),
    }
    assert not [e for e in found.examples if "700" in e.answer or "[low, x]" in e.answer]


def test_without_the_filter_everything_is_kept_as_it_was_written(
    boxes: Sandboxes, problem: Callable[..., Problem], scripted: Callable[..., Any]
) -> None:
    """What the benchmark compares with."""
    made = problem(SOURCE, "clamp")
    head = made.target.source[: made.target.source.index("    return")]
    wrong = scripted([head + "    return min(x, low)\n"])
    found = run(boxes, made, tests=scripted(["assert clamp(7, 3) == 999"]), code=wrong, filtered=False)
    assert answers(found, "test", "written") == ["7, 3) == 999\n```"]
    assert answers(found, "code", "written") == ["    return min(x, low)\n```"]

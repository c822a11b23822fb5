"""When the engine says that code is wrong, and when it keeps quiet."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

import pytest

SHORTEN = '''
    def shorten(text: str, width: int) -> str:
        """The text in at most `width` characters, cut and marked with three dots.

        >>> shorten("abcdef", 5)
        'ab...'
        >>> shorten("abcde", 5)
        'abcde'
        """
        if len(text) < width:  # nothing to cut
            return text
        return text[: width - 3] + "..."
'''

MEDIAN = '''
    def median(numbers: list[int]) -> float:
        """The median: the middle one, or the mean of the two in the middle. Raises ValueError if empty."""
        if not numbers:
            raise ValueError("no numbers")
        ordered = sorted(numbers)
        middle = len(ordered) // 2
        if len(ordered) % 2:
            return ordered[middle]
        return (ordered[middle - 1] + ordered[middle]) // 2
'''

HEAD = MEDIAN[: MEDIAN.index("        if not")]
WITNESSES = [
    dedent(HEAD + body).lstrip("\n")
    for body in (
        """\
        if not numbers:
            raise ValueError("empty")
        s = sorted(numbers)
        n = len(s)
        if n % 2 == 1:
            return s[n // 2]
        return (s[n // 2 - 1] + s[n // 2]) / 2
""",
        """\
        if len(numbers) == 0:
            raise ValueError("empty list")
        numbers = sorted(numbers)
        half = len(numbers) // 2
        if len(numbers) % 2 == 0:
            return (numbers[half - 1] + numbers[half]) / 2
        return numbers[half]
""",
        """\
        if not numbers:
            raise ValueError("nothing")
        import statistics
        return statistics.median(numbers)
""",
    )
]


def test_a_docstring_example_that_fails_is_a_bug_with_a_one_line_fix(place: Any) -> None:
    path = place.write("text.py", SHORTEN)
    final = place.findings(path, "shorten")[-1]
    assert final.bug is not None
    assert final.bug.basis == "specification"
    assert "shorten('abcde', 5)" in final.bug.message
    fix = final.fixes[0]
    assert [edit.text for edit in fix.edits] == ["    if len(text) <= width:  # nothing to cut\n"]
    assert (fix.evidence.passed, fix.evidence.current_passed, fix.evidence.tests) == (2, 1, 2)
    assert final.bug.line == fix.edits[0].first_line


def test_no_test_is_offered_that_the_saved_code_fails(place: Any) -> None:
    path = place.write("text.py", SHORTEN)
    final = place.findings(path, "shorten")[-1]
    assert all("'abcde', 5" not in test.test.expression for test in final.tests)


def test_the_projects_own_tests_overrule_a_fix(place: Any) -> None:
    """`<=` would satisfy the docstring, but a test of the project insists on the dots: no fix is offered."""
    path = place.write("text.py", SHORTEN)
    place.write(
        "tests/test_text.py",
        """
        from text import shorten


        def test_exact_fit_is_still_cut():
            result = shorten("abcde", 5)
            assert result.endswith("...")
        """,
    )
    final = place.findings(path, "shorten")[-1]
    assert final.bug is not None
    assert final.fixes == ()


def test_agreement_of_independent_programs_finds_what_no_example_shows(place: Any, scripted: Any) -> None:
    path = place.write("stats.py", MEDIAN)
    model = scripted(rewrites=WITNESSES, tests=["assert median([1, 2, 3, 4]) == 2.5"])
    final = place.findings(path, "median", model)[-1]
    assert final.bug is not None
    assert final.bug.basis == "agreement"
    assert "(ordered[middle - 1] + ordered[middle]) / 2" in final.fixes[0].edits[0].text
    assert final.fixes[0].evidence.passed == final.fixes[0].evidence.tests
    assert final.fixes[0].evidence.current_passed < final.fixes[0].evidence.tests


def test_agreement_without_any_test_on_its_side_stays_quiet(place: Any, scripted: Any) -> None:
    path = place.write("stats.py", MEDIAN)
    final = place.findings(path, "median", scripted(rewrites=WITNESSES))[-1]
    assert final.bug is None
    assert final.fixes == ()


def test_witnesses_who_disagree_among_each_other_raise_no_alarm(place: Any, scripted: Any) -> None:
    path = place.write("stats.py", MEDIAN)
    odd = [
        dedent(HEAD + f"        return {value}\n").lstrip("\n")
        for value in ("0", "len(numbers)", "max(numbers)", "sum(numbers)", "min(numbers)", "1.5")
    ]
    final = place.findings(path, "median", scripted(rewrites=odd, tests=["assert median([1, 2]) == 7"]))[-1]
    assert final.bug is None
    assert final.fixes == ()


def test_a_popular_misreading_that_no_small_edit_reaches_raises_no_alarm(place: Any, scripted: Any) -> None:
    path = place.write("stats.py", MEDIAN.replace("// 2\n    '''", "/ 2"))
    mean = [
        dedent(HEAD + body).lstrip("\n")
        for body in (
            "        return sum(numbers) / len(numbers) * 3\n",
            "        total = sum(numbers)\n        return 3 * total / len(numbers)\n",
            "        n = len(numbers)\n        return sum(numbers) * 3 / n\n",
        )
    ]
    model = scripted(rewrites=mean, tests=["assert median([1, 2, 6]) == 9.0"])
    final = place.findings(path, "median", model)[-1]
    assert final.bug is None
    assert final.fixes == ()


def test_calls_on_which_the_witnesses_object_do_not_become_tests(place: Any, scripted: Any) -> None:
    path = place.write("stats.py", MEDIAN)
    model = scripted(rewrites=WITNESSES, tests=["assert median([1, 2, 3, 4]) == 2.5"])
    final = place.findings(path, "median", model)[-1]
    assert final.tests
    assert all(not test.title.endswith("== 2") or "1, 2, 3, 4" not in test.title for test in final.tests)
    namespace: dict[str, Any] = {}
    exec(dedent(MEDIAN).replace("// 2\n", "/ 2\n"), namespace)
    exec(dedent(MEDIAN).replace("+ ordered[middle]) // 2", "+ ordered[middle]) / 2"), namespace)
    for test in final.tests:
        if " == " in test.title:
            assert eval(test.title, namespace)


STOCK = '''
    class OutOfStock(Exception):
        pass


    def take(stock: dict[str, int], name: str, count: int = 1) -> int:
        """Take pieces and return how many are left. Raises OutOfStock if there are not enough."""
        left = stock.get(name, 0) - count
        if left <= 0:
            raise OutOfStock(name)
        stock[name] = left
        return left
'''
TAKE = STOCK[STOCK.index("    def take") : STOCK.index("        left =")]
TAKES = [
    dedent(TAKE + body)
    for body in (
        """\
        left = stock.get(name, 0) - count
        if left < 0:
            raise OutOfStock(name)
        stock[name] = left
        return left
""",
        """\
        if stock.get(name, 0) < count:
            raise OutOfStock(f"not enough of {name}")
        stock[name] -= count
        return stock[name]
""",
    )
]


def test_what_witnesses_gainsay_is_not_observed(place: Any, scripted: Any) -> None:
    """The code raises OutOfStock one piece too early: two programs of one kind each are too few to settle a
    call, and enough to keep a test from pinning it."""
    path = place.write("stock.py", STOCK)
    final = place.findings(path, "take", scripted(rewrites=TAKES))[-1]
    namespace: dict[str, Any] = {}
    exec(dedent(STOCK).replace("left <= 0", "left < 0"), namespace)
    assert final.bug is None
    assert final.tests
    for test in final.tests:
        if test.title.endswith("raises OutOfStock"):
            with pytest.raises(namespace["OutOfStock"]):
                eval(test.test.expression, namespace)


def test_where_nobody_knows_an_answer_the_code_is_observed_and_the_test_says_so(
    place: Any, scripted: Any
) -> None:
    path = place.write("stock.py", STOCK)
    final = place.findings(path, "take", scripted(rewrites=[dedent(TAKE) + "    return missing(name)\n"]))[-1]
    assert {test.basis for test in final.tests} == {"observation"}
    assert final.plan is not None
    assert "# Observed: nothing but the code itself says so." in final.plan.new_text


def test_an_example_that_names_what_its_module_does_not_have_raises_no_alarm(place: Any) -> None:
    """It may be shown for readers only; that it cannot be run says nothing about the function."""
    path = place.write(
        "lengths.py",
        '''
        from typing import TYPE_CHECKING

        if TYPE_CHECKING:
            from decimal import Decimal


        def double(x: "Decimal | int") -> "Decimal | int":
            """Twice as much.

            >>> n = Decimal(4)
            >>> double(n) == 8
            True
            >>> double(3)
            6
            """
            return x * 2
        ''',
    )
    final = place.findings(path, "double")[-1]
    assert final.bug is None
    assert "double(3) == 6" in {test.title for test in final.tests}

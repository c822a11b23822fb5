"""Which tests are offered: what first calls miss is looked for, objects are told by what is seen of them."""

import platform
import re

import pytest


def test_a_line_that_no_first_call_reaches_is_looked_for(place):
    path = place.write(
        "parcels.py",
        """
        def band(weight: int, express: bool = False) -> str:
            if weight * 7 > 900 and express:
                if weight % 11 == 5:
                    return "odd"
                return "heavy"
            return "light"
        """,
    )
    final = place.findings(path, "band")[-1]
    returned = {test.test.expectation.value.scalar for test in final.tests}
    assert returned == {"'odd'", "'heavy'", "'light'"}
    assert final.plan is not None


def test_every_test_says_what_it_alone_brings(place):
    path = place.write(
        "numbers_.py",
        """
        def clamp(value: int, low: int, high: int) -> int:
            if value < low:
                return low
            return high if value > high else value
        """,
    )
    final = place.findings(path, "clamp")[-1]
    assert 0 < len(final.tests) <= 12
    assert all(test.evidence.mutants_killed or test.evidence.lines_covered for test in final.tests)


def test_a_loop_that_a_fault_makes_endless_costs_little(place):
    path = place.write(
        "digits.py",
        """
        def digits(n: int) -> int:
            count = 1
            n = abs(n)
            while n > 9:
                n //= 10
                count += 1
            return count
        """,
    )
    final = place.findings(path, "digits")[-1]
    assert any("while" in note for test in final.tests for note in test.evidence.mutants_killed)


def test_an_object_is_told_by_its_text(place):
    path = place.write(
        "release.py",
        '''
        class Release:
            def __init__(self, text: str):
                self._parts = tuple(text.split("."))

            def __str__(self):
                return "-".join(self._parts)


        def release(text: str) -> Release:
            """Read a release.

            >>> str(release("1.2"))
            '1-2'
            """
            return Release(text.strip())
        ''',
    )
    final = place.findings(path, "release")[-1]
    assert any(test.test.expression.startswith("str(release(") for test in final.tests)
    assert final.plan is not None
    assert "assert str(release(" in final.plan.new_text


def test_variants_of_a_call_import_what_they_use(place):
    path = place.write(
        "pauses.py",
        """
        from __future__ import annotations

        from typing import TYPE_CHECKING

        if TYPE_CHECKING:
            from datetime import timedelta


        def length(pause: timedelta) -> str:
            if pause.days >= 365:
                return "years"
            return "days" if pause.days >= 45 else "hours"
        """,
    )
    final = place.findings(path, "length")[-1]
    returned = {test.test.expectation.value.scalar for test in final.tests}
    assert returned == {"'years'", "'days'", "'hours'"}
    assert final.plan is not None
    assert "from datetime import timedelta" in final.plan.new_text


def test_what_a_method_changes_is_seen_in_what_others_say(place):
    path = place.write(
        "stacks.py",
        """
        class Stack:
            def __init__(self, limit: int = 3) -> None:
                self._limit = limit
                self._items: list[int] = []

            def push(self, item: int) -> None:
                if len(self._items) >= self._limit:
                    raise OverflowError("full")
                self._items.append(item)

            def pop(self) -> int:
                return self._items.pop()

            def __len__(self) -> int:
                return len(self._items)
        """,
    )
    pushed = place.findings(path, "Stack.push")[-1]
    assert "stack = Stack(2); stack.push(2); len(stack) == 1" in {test.title for test in pushed.tests}
    assert any(test.title.endswith(" raises OverflowError") for test in pushed.tests)
    assert "    stack.push(2)\n" in pushed.plan.new_text
    popped = place.findings(path, "Stack.pop")[-1]
    assert "stack = Stack(2); stack.push(2); stack.pop() == 2" in {test.title for test in popped.tests}


def test_an_exception_is_known_by_its_text(place):
    path = place.write(
        "faults_.py",
        """
        class Missing(KeyError):
            def __init__(self, name: str, near: str) -> None:
                hint = f", did you mean {near}?" if near != name else ""
                super().__init__(f"no {name}{hint}")
        """,
    )
    final = place.findings(path, "Missing.__init__")[-1]
    assert any("did you mean" in test.title for test in final.tests)
    assert any("did you mean" not in test.title for test in final.tests)


def test_objects_in_a_list_are_told_by_their_text(place):
    path = place.write(
        "coins.py",
        """
        class Coin:
            def __init__(self, value: int) -> None:
                self._value = value

            def __str__(self) -> str:
                return f"{self._value} ct"


        def change(amount: int) -> list[Coin]:
            return [Coin(value) for value in (50, 20, 10) if value <= amount]
        """,
    )
    final = place.findings(path, "change")[-1]
    titles = [test.title for test in final.tests]
    assert any("[str(item) for item in change(" in title and "10 ct" in title for title in titles)


def test_a_tuple_with_objects_in_it_is_told_part_by_part(place):
    path = place.write(
        "files_.py",
        """
        class Tag:
            def __init__(self, text: str) -> None:
                self._text = text

            def __str__(self) -> str:
                return self._text.upper()


        def parse(name: str) -> tuple[str, Tag, frozenset[Tag]]:
            head, _, tail = name.partition("-")
            return head * 2, Tag(tail + "!"), frozenset({Tag(part) for part in tail.split(".")})
        """,
    )
    final = place.findings(path, "parse")[-1]
    titles = "\n".join(test.title for test in final.tests)
    forms = (")[0] == ", "str(parse(", "sorted([str(item) for item in parse(")
    # Which of them are needed to catch all faults depends on the calls that were found.
    assert sum(form in titles for form in forms) >= 2, titles
    assert final.plan is not None


def test_what_depends_on_chance_is_not_offered_for_being_the_same_twice(place):
    path = place.write(
        "tossing.py",
        """
        import random


        def tossed(number: int) -> int:
            if number < 0:
                raise ValueError("no such number")
            return number * 3 + random.choice((0, 1))
        """,
    )
    final = place.findings(path, "tossed")[-1]
    assert final.tests
    assert all(test.title.endswith("raises ValueError") for test in final.tests)
    assert any("depends on the clock, on chance" in note for note in final.notes)


def test_what_is_true_of_this_machine_only_is_not_offered(place):
    path = place.write(
        "greeting.py",
        """
        import platform


        def greeting(name: str) -> str:
            if not name:
                raise ValueError("nobody to greet")
            return f"{name} on {platform.node()}, {platform.machine()}"
        """,
    )
    final = place.findings(path, "greeting")[-1]
    assert platform.node() not in final.plan.new_text
    assert all(test.title.endswith("raises ValueError") for test in final.tests)
    assert any("on the machine or on its files" in note for note in final.notes)


@pytest.mark.parametrize(
    "expression",
    [
        pytest.param("datetime.date.today().year - year", id="today"),
        pytest.param("datetime.datetime.now().year - year", id="now"),
        pytest.param("len(os.listdir('.')) + year", id="files of a folder"),
    ],
)
def test_what_is_true_of_today_or_of_this_folder_only_is_not_offered(place, expression):
    path = place.write(
        "passing.py",
        f"""
        import datetime
        import os


        def passing(year: int) -> int:
            if year < 1:
                raise ValueError("no such year")
            return {expression}
        """,
    )
    final = place.findings(path, "passing")[-1]
    assert final.tests
    assert all(test.title.endswith("raises ValueError") for test in final.tests)
    assert any("depends on the clock" in note for note in final.notes)


READERS = """
    import csv
    import json
    from datetime import datetime
    from typing import Callable, TextIO


    def names(text: str) -> list[str]:
        return [item["name"] for item in json.loads(text)["items"] if item.get("active")]


    def days(first: str, last: str) -> int:
        pattern = "%d.%m.%Y"
        return abs((datetime.strptime(last, pattern) - datetime.strptime(first, pattern)).days)


    def total(file: TextIO) -> float:
        return sum(float(row["price"]) * int(row["count"]) for row in csv.DictReader(file))


    def retried(get: Callable[[], int], times: int = 3) -> int:
        for attempt in range(times):
            try:
                return get()
            except OSError:
                if attempt == times - 1:
                    raise
        return -1
    """


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        pytest.param("names", r"""names\('\{"items": \[\{"name".*== \['\w+'""", id="JSON"),
        pytest.param("days", r"days\('29\.02\.2024', '\d\d\.\d\d\.\d{4}'\) == [1-9]", id="dates"),
        pytest.param("total", r"total\(StringIO\('price,count\\n.* == [1-9]", id="an open file"),
        pytest.param("retried", r"retried\(Mock\(side_effect=OSError.* raises OSError", id="what fails"),
    ],
)
def test_what_reads_a_text_or_calls_what_fails_gets_one(place, name, wanted):
    final = place.findings(place.write("readers.py", READERS), name)[-1]
    assert any(re.match(wanted, test.title) for test in final.tests), [test.title for test in final.tests]


def test_a_type_that_the_function_refuses_is_tested_and_one_that_only_fails_is_not(place):
    path = place.write(
        "ages.py",
        """
        def check_age(age: int) -> int:
            if not isinstance(age, int):
                raise TypeError(f"an age is a whole number, not {type(age).__name__}")
            return age * 12 // max(age, 1)


        def months(age):
            return age * 12 + 1 if isinstance(age, int) else age - 1
        """,
    )
    refused = place.findings(path, "check_age")[-1].plan
    assert refused is not None
    assert "pytest.raises(TypeError, match=" in refused.new_text
    failed = place.findings(path, "months")[-1].plan
    assert failed is not None
    assert "TypeError" not in failed.new_text

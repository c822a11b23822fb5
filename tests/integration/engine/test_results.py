"""Results that are no literals of builtins: what a person would write is what is expected."""

import re

import pytest

MODULE = """
from collections import Counter, deque
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum
from typing import NamedTuple


class Pair(NamedTuple):
    left: str
    right: int


@dataclass
class Box:
    text: str
    size: int = 1


class Colour(Enum):
    RED = 1
    BLUE = 2


class Rate:
    def __init__(self, value: float):
        self.value = value


def counted(text: str):
    return Counter(text.lower())


def paired(text: str):
    return Pair(text.strip(), len(text))


def boxes(text: str):
    return [Box(part, len(part)) for part in text.split()]


def colour(number: int):
    return Colour.RED if number > 3 else Colour.BLUE


def day(number: int):
    return date(2020, 1, 1) + timedelta(days=number % 300)


def money(number: int):
    return Decimal(number) / 8


def last(number: int):
    return deque(range(number % 7), maxlen=3)


def rate(number: int):
    return {"rate": Rate(number / 7)}
"""


@pytest.fixture
def engine(place):
    return place.engine(place.write("kinds.py", MODULE))


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("counted", "counted("),
        ("paired", "Pair(left="),
        ("boxes", "Box(text="),
        ("colour", "is expected"),
        ("day", "date(2020, "),
        ("money", 'Decimal("'),
        ("last", "deque(["),
    ],
)
def test_a_result_is_compared_with_one_that_is_made_alike(place, engine, name, written):
    target = place.target(engine, place.root / "kinds.py", name)
    final = list(engine.work(target, "tests"))[-1]
    assert final.plan is not None
    assert written in final.plan.new_text
    assert "from kinds import" in final.plan.new_text
    assert not any(word in final.plan.new_text for word in ("import Decimal,", "kinds import date"))


def test_what_no_source_can_make_is_not_expected(place, engine):
    final = list(engine.work(place.target(engine, place.root / "kinds.py", "rate"), "tests"))[-1]
    assert final.tests == ()


def test_of_results_that_say_as_much_the_fuller_one_is_offered(place, engine):
    final = list(engine.work(place.target(engine, place.root / "kinds.py", "paired"), "tests"))[-1]
    assert all(test.test.expectation.value.items[0].scalar != "''" for test in final.tests)


def test_an_operator_that_leaves_the_answer_to_the_other_side_is_asked_by_name(place):
    path = place.write(
        "amounts.py",
        """
        class Amount:
            def __init__(self, cents: int):
                self.cents = cents

            def __lt__(self, other):
                if not isinstance(other, Amount):
                    return NotImplemented
                return self.cents < other.cents
        """,
    )
    final = place.findings(path, "Amount.__lt__")[-1]
    assert final.plan is not None
    assert "__lt__(" in final.plan.new_text
    assert " is NotImplemented" in final.plan.new_text


def test_where_the_project_lies_is_nothing_to_expect(place):
    path = place.write(
        "places.py",
        """
        from pathlib import Path


        def here(name: str):
            return Path(__file__).parent / name


        def texts(name: str):
            return [str(here(name)), name]
        """,
    )
    engine = place.engine(path)
    for name in ("here", "texts"):
        assert list(engine.work(place.target(engine, path, name), "tests"))[-1].tests == ()


def test_what_a_search_found_is_made_short(place):
    path = place.write(
        "fields.py",
        """
        def fields(text: str) -> list:
            at = text.find("=")
            name, value = text[:at], text[at + 1 :]
            if at < 1:
                raise ValueError("no field")
            if value.isdigit() and int(value) > 40:
                return [name, int(value)]
            return [name, value]
        """,
    )
    final = place.findings(path, "fields")[-1]
    calls = [test.test.expression for test in final.tests]
    assert any(re.fullmatch(r"fields\('([^=']+)=\d+'\) == \['\1', \d+\]", t.title) for t in final.tests)
    assert max(map(len, calls)) <= len("fields('abc=412')")
    assert len(set(calls)) == len(calls)

"""Each kind of value: what passes for it, with Python's equality and exactly; and what the editor keeps."""

from __future__ import annotations

import dataclasses
import enum
import math
import os

import pytest

from genx_sandbox import Approx, Outcome, Raised, Raises, Returns, Value, judge
from genx_sandbox.slots import MACHINE, Slots, cores_but_one


@dataclasses.dataclass
class Point:
    x: int
    y: object = None


@dataclasses.dataclass
class Place:
    x: int
    y: object = None


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Size(enum.IntEnum):
    SMALL = 1


# What came, what was expected, whether it passes as Python compares, whether it passes exactly.
CASES = [
    (1, 1, True, True), (1, True, True, False), (1, 1.0, True, False), (True, 1.0, True, False),
    (0.0, -0.0, True, False), (-0.0, -0.0, True, True), (math.nan, math.nan, False, True),
    (math.inf, math.inf, True, True), (math.inf, -math.inf, False, False), (2**70, 2**70, True, True),
    (None, None, True, True), (None, 0, False, False), ("a", "a", True, True), ("a", b"a", False, False),
    (b"\x00\xff", b"\x00\xff", True, True), (b"a", bytearray(b"a"), True, False), (1j, 1j, True, True),
    ([1, 2], [1, 2], True, True), ([1, 2], [2, 1], False, False), ([1], (1,), False, False),
    ([True], [1], True, False), ({1, 2}, {2, 1}, True, True), ({1}, frozenset({1}), True, False),
    ({1}, {True}, True, False), ({1}, {1, 2}, False, False), (set(), {}, False, False),
    ({"a": 1, "b": 2}, {"a": 1, "b": 2}, True, True), ({1: "a"}, {1.0: "a"}, True, False),
    ({"a": [1, (2, {3})]}, {"a": [1, (2, {3})]}, True, True),
    ({"a": [1, (2, {3})]}, {"a": [1, (2, {4})]}, False, False),
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True, False), (bytearray(b"'"), b"'", True, False),
    (bytearray(), b"", True, False), (bytearray(b"a"), b"b", False, False),
    (Point(1), Point(1), True, True), (Point(1), Point(2), False, False), (Point(1), Place(1), False, False),
    (Point(1, [Point(2)]), Point(1, [Point(2)]), True, True),
    (Colour.RED, Colour.RED, True, True), (Colour.RED, Colour.BLUE, False, False),
    (Colour.RED, 1, False, False), (Size.SMALL, 1, True, False), (Size.SMALL, Size.SMALL, True, True),
]  # fmt: skip


@pytest.mark.parametrize(("came", "expected", "plainly", "exactly"), CASES)
def test_a_value_passes_for_what_it_is(came, expected, plainly, exactly):
    outcome = Outcome("value", Value.of(came))
    assert judge(outcome, Returns(Value.of(expected))) is plainly
    assert judge(outcome, Returns(Value.of(expected), exact=True)) is exactly


@pytest.mark.parametrize("came", [1.0 + 1e-9, [0.1 + 0.2], {"a": (0.3,)}])
def test_an_approximation_is_no_equality(came):
    near = {"a": (0.1 + 0.2,)} if isinstance(came, dict) else [0.3] if isinstance(came, list) else 1.0
    outcome = Outcome("value", Value.of(came))
    assert judge(outcome, Approx(Value.of(near))) is True
    assert judge(outcome, Returns(Value.of(near))) is False


def test_an_exception_is_no_value_and_a_value_no_exception():
    raised = Outcome("exception", raised=Raised("builtins.ValueError", ("builtins.Exception",), "no 7"))
    assert judge(raised, Raises("ValueError", r"no \d")) is True
    assert judge(raised, Raises("ValueError", r"^\d")) is False
    assert judge(raised, Raises("TypeError")) is False
    assert judge(raised, Returns(Value.of(None))) is False


def test_a_core_is_left_for_the_editor(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)))
    assert cores_but_one() == 7
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {3})
    assert cores_but_one() == 1
    assert isinstance(MACHINE, Slots)

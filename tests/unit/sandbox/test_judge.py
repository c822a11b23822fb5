"""Verdicts: an outcome held against an expectation."""

from __future__ import annotations

import decimal
import enum
import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genx_sandbox import Approx, Leaves, Outcome, Raised, Raises, Returns, Unknown, Value, judge

plain = st.recursive(
    st.integers(-3, 3)
    | st.booleans()
    | st.sampled_from([0.0, -0.0, 1.0, 2.5, math.inf])
    | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner) | st.dictionaries(st.integers(0, 2), inner),
    max_leaves=6,
)


def returned(value: object) -> Outcome:
    return Outcome("value", Value.of(value))


def raised(name: str, *bases: str, message: str = "") -> Outcome:
    return Outcome("exception", raised=Raised(name, bases, message))


@given(plain, plain)
def test_without_exact_the_verdict_is_pythons_own_equality(left, right):
    assert judge(returned(left), Returns(Value.of(right))) is (left == right)


@given(st.sets(st.integers(-2, 2) | st.booleans()), st.frozensets(st.integers(-2, 2) | st.floats(-2, 2)))
def test_sets_are_compared_as_python_does(left, right):
    assert judge(returned(left), Returns(Value.of(right))) is (left == right)


@given(plain)
def test_exact_accepts_the_same_value(value):
    assert judge(returned(value), Returns(Value.of(value), exact=True)) is True


@pytest.mark.parametrize(("left", "right"), [(1, True), (1, 1.0), (0.0, -0.0), ((1,), [1])])
def test_exact_tells_types_and_signs_apart(left, right):
    assert judge(returned(left), Returns(Value.of(right), exact=True)) is False


def test_nan_equals_nothing_but_is_exactly_itself():
    assert judge(returned(math.nan), Returns(Value.of(math.nan))) is False
    assert judge(returned([math.nan]), Returns(Value.of([math.nan]), exact=True)) is True


def test_numbers_compare_across_types():
    assert judge(returned(decimal.Decimal("1.0")), Returns(Value.of(1))) is True
    assert judge(returned(10**400), Returns(Value.of(1.5))) is False


def test_enums_compare_as_enums_do():
    class Colour(enum.Enum):
        RED = 1

    class Day(enum.IntEnum):
        MONDAY = 1

    assert judge(returned(Colour.RED), Returns(Value.of(1))) is False
    assert judge(returned(Day.MONDAY), Returns(Value.of(1))) is True
    assert judge(returned(Colour.RED), Returns(Value.of(Colour.RED))) is True


def test_a_value_cut_at_a_cap_decides_only_what_is_known():
    cut = Value("truncated", "more")
    seen = Outcome("value", Value("list", items=(Value.of(1), cut)))
    assert judge(seen, Returns(Value.of([1, 2, 3]))) is None
    assert judge(seen, Returns(Value.of([2, 2, 3]))) is False


def test_a_value_with_an_eq_of_its_own_is_never_a_pass():
    opaque = Outcome("value", Value("opaque", "a int subclass with its own __eq__", type_name="m:Yes"))
    assert judge(opaque, Returns(Value.of(3))) is None
    assert judge(opaque, Returns(Value.of(3), exact=True)) is not True


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_approx_is_pytests_rule(actual, expected):
    assert judge(returned(actual), Approx(Value.of(expected))) is (actual == pytest.approx(expected))


def test_approx_reaches_into_containers():
    assert judge(returned([0.1 + 0.2, 1]), Approx(Value.of([0.3, 1]))) is True
    assert judge(returned({"a": 0.1 + 0.2}), Approx(Value.of({"a": 0.3}))) is True
    assert judge(returned([0.1]), Approx(Value.of([0.1, 0.2]))) is False


def test_exceptions_match_by_name_base_and_message():
    error = raised(
        "builtins.KeyError", "builtins.LookupError", "builtins.Exception", message="'x' is missing"
    )
    assert judge(error, Raises("KeyError")) is True
    assert judge(error, Raises("LookupError", "missing$")) is True
    assert judge(error, Raises("KeyError", "present")) is False
    assert judge(error, Raises("ValueError")) is False
    assert judge(returned(1), Raises("KeyError")) is False


def test_a_dotted_exception_of_another_module_is_left_open():
    error = raised("shop.errors.OutOfStock", "builtins.Exception")
    assert judge(error, Raises("shop.errors.OutOfStock")) is True
    assert judge(error, Raises("shop.OutOfStock")) is None
    assert judge(error, Raises("OutOfStock")) is True


def test_a_catastrophic_pattern_does_not_hold_the_parent_up():
    error = raised("builtins.ValueError", message="a" * 60 + "!")
    started = time.monotonic()
    assert judge(error, Raises("ValueError", r"^(a+)+$")) is None
    assert time.monotonic() - started < 60


@pytest.mark.parametrize("pattern", ["(", "*", "[z-a]"])
def test_a_broken_pattern_is_undecided(pattern):
    assert judge(raised("builtins.ValueError", message="x"), Raises("ValueError", pattern)) is None


def test_arguments_are_judged_as_they_were_left():
    changed = Outcome("value", Value.of(None), arguments_after=(Value.of([1, 2]),))
    untouched = Outcome("value", Value.of(None), before=[["list", "", [["int", "2"], ["int", "1"]]]])
    assert judge(changed, Leaves((Value.of([1, 2]),))) is True
    assert judge(untouched, Leaves((Value.of([1, 2]),))) is False
    assert judge(returned(None), Leaves((Value.of([1, 2]),))) is None


@pytest.mark.parametrize("kind", ["timeout", "crash", "refused"])
def test_what_did_not_end_well_passes_nothing(kind):
    assert judge(Outcome(kind), Returns(Value.of(None))) is False
    assert judge(Outcome(kind), Raises("ValueError")) is False


def test_nothing_expected_is_undecided():
    assert judge(returned(1), Unknown()) is None


def test_keys_are_equal_where_behaviour_is():
    assert returned([1, {2}]).key == returned([1, {2}]).key
    assert returned(1).key != returned(True).key
    near = raised("m.E", message="<object at 0x7f01>")
    far = raised("m.E", message="<object at 0x7fff>")
    assert near.key == far.key != raised("m.F").key

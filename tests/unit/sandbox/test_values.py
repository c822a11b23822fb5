"""Encoding, decoding and the texts of values."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genx_sandbox import Value
from genx_sandbox.decoding import ProtocolError, decode
from genx_sandbox.guest.encoding import Encoder

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.complex_numbers() | st.text() | st.binary()
)
hashables = st.recursive(
    st.integers() | st.text() | st.booleans() | st.none(),
    lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3),
    max_leaves=5,
)
values = st.recursive(
    scalars | hashables,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.sets(hashables, max_size=4)
        | st.dictionaries(hashables, inner, max_size=4)
    ),
    max_leaves=20,
)


def same(left: object, right: object) -> bool:
    """Equal by type and value all the way down, NaN equal to NaN, -0.0 not to 0.0."""
    return Value.of(left) == Value.of(right)


@given(values)
def test_a_literal_recreates_the_value_exactly(value):
    literal = Value.of(value).literal()
    assert literal is not None
    assert same(eval(literal), value)


@given(values)
def test_what_is_sent_as_json_arrives_unchanged(value):
    node = Encoder(1 << 20, 50, 10_000).encode(value)
    assert decode(json.loads(json.dumps(node))) == Value.of(value)


@given(values, st.integers(10, 60))
def test_the_short_text_is_short(value, width):
    assert len(Value.of(value).text(width)) <= width


@pytest.mark.parametrize(
    ("left", "right"), [(1, True), (1, 1.0), (0.0, -0.0), ([1], (1,)), ("a", b"a"), ({1}, frozenset({1}))]
)
def test_values_that_python_calls_alike_are_told_apart(left, right):
    assert not same(left, right)


def test_sets_and_nan_have_one_form():
    assert same({3, 1, 2}, {2, 3, 1})
    assert same(math.nan, float("nan"))


def test_a_huge_integer_survives():
    assert Value.of(10**6000).python() == 10**6000


@dataclasses.dataclass
class Point:
    x: int
    y: int


class Colour(enum.Enum):
    RED = 1


class Weekday(enum.IntEnum):
    MONDAY = 1


def test_dataclasses_and_enums_are_kept_by_structure():
    point = Value.of(Point(1, 2))
    assert (point.kind, point.fields, point.text()) == ("object", ("x", "y"), "Point(x=1, y=2)")
    assert point.literal() is None
    assert Value.of(Colour.RED).text() == "Colour.RED"
    assert Value.of(Colour.RED).fields == ("value",)
    assert Value.of(Weekday.MONDAY).fields == ("mixin",)


def test_standard_value_types_keep_what_they_say():
    assert Value.of(decimal.Decimal("1.50")).text() == "Decimal('1.50')"
    assert Value.of(datetime.date(2020, 1, 2)).scalar == "datetime.date(2020, 1, 2)"
    assert Value.of(collections.deque([1])).kind == "object"


def test_an_eq_of_its_own_makes_a_builtin_subclass_opaque():
    class Agreeable(int):
        def __eq__(self, other):
            return True

        __hash__ = int.__hash__

    assert Value.of(Agreeable(3)).kind == "opaque"


def test_a_subclass_without_tricks_is_its_value_with_a_name():
    class Metres(int):
        pass

    value = Value.of(Metres(3))
    assert (value.kind, value.scalar) == ("int", "3")
    assert value.type_name.endswith("Metres")


def test_caps_cut_what_is_too_large_too_deep_or_circular():
    circle: list[object] = []
    circle.append(circle)
    deep: list[object] = []
    for _ in range(100):
        deep = [deep]
    encoder = Encoder(1000, 10, 50)
    assert decode(encoder.encode("x" * 5000)).kind == "truncated"
    assert decode(encoder.encode(list(range(60)))).kind == "truncated"
    assert decode(encoder.encode(circle)).items[0].kind == "opaque"
    assert "truncated" in json.dumps(encoder.encode(deep))


def test_an_endless_iterator_is_consumed_to_a_cap():
    def count():
        n = 0
        while True:
            yield n
            n += 1

    value = decode(Encoder(10_000, 10, 20).encode(count()))
    assert value.kind == "iterator"
    assert value.items[-1].kind == "truncated"
    assert len(value.items) == 21


@pytest.mark.parametrize(
    "node", [None, [], ["nonsense"], ["int", 5], ["list", "", [["x"]]], ["int", "1", [], 3], "int", {"a": 1}]
)
def test_what_the_guest_never_sends_is_refused(node):
    with pytest.raises(ProtocolError):
        decode(node)

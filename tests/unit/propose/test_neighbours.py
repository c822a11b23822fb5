"""Calls a step away from known ones."""

from __future__ import annotations

import ast
import random

from hypothesis import given
from hypothesis import strategies as st

from genx_lsp.candidate import CallTest
from genx_lsp.propose import neighbours
from genx_lsp.propose.keys import test_key
from genx_sandbox import Unknown


def known(expression: str) -> CallTest:
    return CallTest(key=test_key(expression, Unknown()), expression=expression)


def test_neighbours_differ_from_the_known_calls_and_from_each_other() -> None:
    found = [t.expression for t in neighbours.propose([known("f([3, 1, 2], 2)"), known("f([], 0)")], 30, 0)]

    assert len(found) == len(set(found)) == 30
    assert not {"f([3, 1, 2], 2)", "f([], 0)"} & set(found)


def test_the_same_seed_gives_the_same_neighbours() -> None:
    calls = [known("f('abc', k=2)")]

    one = [t.key for t in neighbours.propose(calls, 10, 7)]

    assert one == [t.key for t in neighbours.propose(calls, 10, 7)]
    assert one != [t.key for t in neighbours.propose(calls, 10, 8)]


def test_calls_on_objects_have_no_neighbours() -> None:
    assert list(neighbours.propose([known("f(node, make())")], 10, 0)) == []


literals = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.floats(-9, 9) | st.text("ab", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner) | st.dictionaries(st.integers(0, 9), inner),
    max_leaves=6,
)


@given(literals, st.integers(0, 1000))
def test_a_step_keeps_the_type_and_stays_a_literal(value: object, seed: int) -> None:
    stepped = neighbours.step(value, random.Random(seed))

    assert type(stepped) is type(value)
    assert type(ast.literal_eval(repr(stepped))) is type(value)

from __future__ import annotations

from typing import Any

import pytest

from genx_lsp.engine.answers import answer
from genx_sandbox import Outcome, Raised, Value


def gives(value: Any) -> str:
    return answer(Outcome("value", value=Value.of(value)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (2, 2.0),
        (0.1 + 0.2, 0.3),
        ([1, 2], [1.0, 2.0]),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({2, 1}, {1, 2}),
    ],
)
def test_values_that_a_reader_calls_equal_are_one_answer(one: Any, other: Any) -> None:
    assert gives(one) == gives(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (2, 3),
        (1, True),
        ("2", 2),
        ([1], (1,)),
        ([1, 2], [2, 1]),
        ({}, []),
        (10**30, 10**30 + 1),
        (7**2_000, 7**2_000 + 1),
        (0.5, 0.50001),
    ],
)
def test_different_values_are_different_answers(one: Any, other: Any) -> None:
    assert gives(one) != gives(other)


def test_exceptions_are_told_apart_by_type_and_not_by_message() -> None:
    def raises(name: str, message: str) -> str:
        return answer(Outcome("exception", raised=Raised(name, (), message)))

    assert raises("builtins.ValueError", "empty") == raises("builtins.ValueError", "nothing there")
    assert raises("builtins.ValueError", "empty") != raises("builtins.KeyError", "empty")


def test_a_changed_argument_is_the_answer_only_where_nothing_is_returned() -> None:
    left, other = (Value.of([1, 2]),), (Value.of([2, 1]),)
    assert answer(Outcome("value", value=Value.of(3), arguments_after=left)) == gives(3)
    nothing = Value.of(None)
    assert answer(Outcome("value", value=nothing, arguments_after=left)) != answer(
        Outcome("value", value=nothing, arguments_after=other)
    )


def test_a_number_that_is_none_ends_nothing() -> None:
    """A program owns its channel and may send any text as a float's."""
    assert answer(Outcome("value", value=Value("float", "not a number at all"))).endswith(
        "not a number at all"
    )

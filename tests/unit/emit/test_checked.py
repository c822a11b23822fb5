"""What counts as tested already."""

import ast
from types import SimpleNamespace

import pytest

from genx_lsp.emit.checked import case_key, checked_calls

FILE = """
def test_empty():
    assert len(Stack()) == 0


def test_push():
    stack = Stack()
    stack.push(2)
    assert len(stack) == 1


@pytest.mark.parametrize("size", [1, 2])
def test_size(size):
    assert len(Stack(size)) == 0


def test_seeded():
    random.seed(1)
    assert len(Stack(9)) == 0
"""


@pytest.mark.parametrize(
    ("call", "setup", "expected"),
    [
        ("len(Stack())", (), True),
        ("len(stack)", ("stack = Stack()",), True),
        ("len(stack)", ("stack = Stack()", "stack.push(2)"), True),
        ("len(stack)", ("stack = Stack()", "stack.push(3)"), False),
        ("len(stack)", ("stack = Stack()", "stack.push(2)", "stack.pop()"), False),
        ("len(Stack(2))", (), True),
        ("len(Stack(3))", (), False),
        ("len(Stack(9))", (), True),
    ],
)
def test_a_question_is_another_once_the_object_was_changed(call, setup, expected):
    case = SimpleNamespace(call=call, setup=setup)
    known = checked_calls(ast.parse(FILE), "push")
    assert (case_key(case, "push") in known) == expected

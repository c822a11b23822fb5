"""Expected sides that are objects: what the user's `==` says there, not what a copy looks like."""

from __future__ import annotations

from typing import Any

from genx_lsp.candidate import CallTest
from genx_sandbox import Returns

NODES = """
class Node:
    def __init__(self, value, successor=None):
        self.value = value
        self.successor = successor


class Same(Node):
    def __eq__(self, other):
        return self.value == other.value


def reverse(node):
    before = None
    while node:
        after = node.successor
        node.successor = before
        node = after
    return before


def made(value):
    return Node(value)


def same(value):
    return Same(value)
"""
TESTS = """
from nodes import Node, Same, made, reverse, same


def test_reverse():
    last = Node(1)
    first = Node(2, last)
    assert reverse(first) == last


def test_made():
    assert made(1) == Node(1)


def test_same():
    assert same(1) == Same(1)
"""


def test_the_right_fix_of_a_linked_list_passes_the_users_test(place: Any) -> None:
    place.write("test_nodes.py", TESTS)
    path = place.write("nodes.py", NODES)
    engine = place.engine(path)
    final = list(engine.work(place.target(engine, path, "reverse"), "fixes"))[-1]
    assert [edit.text.strip() for edit in final.fixes[0].edits] == ["before = node"]


def test_an_object_that_equals_nothing_but_itself_is_expected_of_no_call(place: Any) -> None:
    place.write("test_nodes.py", TESTS)
    path = place.write("nodes.py", NODES)
    engine = place.engine(path)
    known: dict[str, list[CallTest]] = {}
    for name in ("made", "same"):
        final = list(engine.work(place.target(engine, path, name), "fixes"))[-1]
        known[name] = [t for t in final.matrix.tests if isinstance(t, CallTest) and t.trusted]
    assert known["made"] == []
    assert [t.expression for t in known["same"]] == ["same(1)"]
    assert isinstance(known["same"][0].expectation, Returns)

"""Results that no literal can express, told by what can be seen of them: their text, their attributes."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from genx_lsp.candidate import CallTest, TestOrigin
from genx_lsp.engine.job import Job
from genx_lsp.propose.keys import normal_expression, test_key
from genx_lsp.propose.views import View, view_of
from genx_sandbox import Unknown, Value

# Calls looked at, and what is asked of each of their results.
_CALLS = 16
_FACETS = 4
_DEPTH = 8
_SERIES = ("list", "tuple", "iterator")
_SETS = ("set", "frozenset")


def facets(job: Job, tests: Iterable[CallTest]) -> list[CallTest]:
    """Calls that ask for parts of what these calls return; their outcomes are unknown yet."""
    look = _Look(view_of(job.target, job.project), job.writable)
    found: dict[str, CallTest] = {}
    asked = 0
    for test in tests:
        outcome = job.matrix.outcome(job.original, test)
        value = outcome.value if outcome is not None and outcome.kind == "value" else None
        if value is None or asked >= _CALLS or not look.is_told_by_parts(value):
            continue
        asked += 1
        for expression in list(look.asked(test.expression, value))[:_FACETS]:
            text = normal_expression(expression)
            key = test_key(text, Unknown(), test.setup)
            found[key] = CallTest(key, text, origin=TestOrigin.BOUNDARY, setup=test.setup)
    return list(found.values())


@dataclass(frozen=True)
class _Look:
    """At values, with what is known of their classes."""

    view: View
    writable: Callable[[Value], bool]

    def is_told_by_parts(self, value: Value) -> bool:
        """An object, or a collection with objects in it: no source text makes an equal one."""
        if value.kind in (*_SERIES, *_SETS):
            return any(self.is_told_by_parts(item) for item in value.items)
        return value.kind == "object" and not value.scalar and not self.writable(value)

    def asked(self, expression: str, value: Value) -> Iterator[str]:
        """What tells of the value that an expression has."""
        if value.kind == "tuple" and value.fields:
            for name, item in zip(value.fields, value.items, strict=True):
                yield from islice(self._of_part(f"({expression}).{name}", item), 1)
            return
        if value.kind == "tuple" and len(value.items) <= _FACETS:
            # A few things at once: a name, a version and its tags.
            for index, item in enumerate(value.items):
                yield from islice(self._of_part(f"({expression})[{index}]", item), 1)
            return
        if value.kind in (*_SERIES, *_SETS):
            yield from self._of_part(expression, value)
            return
        text = self._text_of(value)
        if text:
            yield f"{text}({expression})"
        for name, method in _methods(value, self.view).items():
            is_property = any(ast.unparse(d).endswith("property") for d in method.decorator_list)
            if is_property and not name.startswith("_"):
                yield f"({expression}).{name}"
        for name, held in zip(value.fields, value.items, strict=False):
            if not name.startswith("_") and self.writable(held):
                yield f"({expression}).{name}"

    def _of_part(self, expression: str, value: Value) -> Iterator[str]:
        """One thing that tells of a value. What has no text of its own would show where it lies in memory."""
        if not self.is_told_by_parts(value):
            if self.writable(value):
                yield expression
        elif value.kind not in (*_SERIES, *_SETS):
            if self._text_of(value):
                yield f"str({expression})"
        elif all(self.writable(item) or self._text_of(item) for item in value.items):
            each = f"[str(item) for item in {expression}]"
            yield f"sorted({each})" if value.kind in _SETS else each
        elif value.kind in ("list", "tuple") and self._has_representation(value):
            yield f"repr({expression})"

    def _has_representation(self, value: Value) -> bool:
        """Its repr is the same in every process: all objects in it say themselves what they are."""
        if value.literal() is not None:
            # Of sets in it, even of texts, the order is by chance.
            return not _holds_a_set(value)
        if value.kind in ("list", "tuple"):
            return all(map(self._has_representation, value.items))
        return value.kind == "object" and "__repr__" in _methods(value, self.view)

    def _text_of(self, value: Value) -> str:
        """`str` or `repr`, what its class gives it; nothing where that would be its place in memory."""
        if value.kind != "object":
            return ""
        methods = _methods(value, self.view)
        if "__str__" in methods or any(_is_exception(node) for node, _ in _lineage(value, self.view)):
            return "str"
        return "repr" if "__repr__" in methods else ""


def _holds_a_set(value: Value) -> bool:
    return value.kind in _SETS or any(_holds_a_set(item) for item in value.items)


def _methods(value: Value, view: View) -> dict[str, ast.FunctionDef]:
    """Of its class and of the classes that this one is made from, as far as the project holds them."""
    found: dict[str, ast.FunctionDef] = {}
    for node, _ in _lineage(value, view):
        for statement in node.body:
            if isinstance(statement, ast.FunctionDef):
                found.setdefault(statement.name, statement)
    return found


def _is_exception(node: ast.ClassDef) -> bool:
    """Its text is what its constructor handed on."""
    names = (ast.unparse(base).rpartition(".")[2] for base in node.bases)
    builtin = (getattr(builtins, name, None) for name in names)
    return any(isinstance(base, type) and issubclass(base, BaseException) for base in builtin)


def _lineage(value: Value, view: View) -> Iterator[tuple[ast.ClassDef, View]]:
    """Its class and the parents of that, nearest first, each with the module that it stands in."""
    module, _, name = value.type_name.partition(":")
    there = view if module == view.module else view.of_module(module)
    first = _class_named(name, there) if there is not None else None
    waiting = [first] if first is not None else []
    for _ in range(_DEPTH):
        if not waiting:
            return
        node, home = waiting.pop(0)
        yield node, home
        parents = (_class_named(ast.unparse(base), home) for base in node.bases)
        waiting += [parent for parent in parents if parent is not None]


def _class_named(name: str, view: View) -> tuple[ast.ClassDef, View] | None:
    node = view.find_class(name)
    if node is not None:
        return node, view
    there = view.imported_from(name)
    node = there[0].find_class(there[1]) if there is not None else None
    return (node, there[0]) if there is not None and node is not None else None

"""Results that no literal can express, told by what can be seen of them: their text, their attributes."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator
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
    """Calls that ask for parts of the objects that these calls return; their outcomes are unknown yet."""
    view = view_of(job.target, job.project)
    found: dict[str, CallTest] = {}
    asked = 0
    for test in tests:
        outcome = job.matrix.outcome(job.original, test)
        value = outcome.value if outcome is not None and outcome.kind == "value" else None
        if value is None or asked >= _CALLS or not _is_told_by_parts(value):
            continue
        asked += 1
        for expression in list(_asked(test.expression, value, view))[:_FACETS]:
            text = normal_expression(expression)
            key = test_key(text, Unknown(), test.setup)
            found[key] = CallTest(key, text, origin=TestOrigin.BOUNDARY, setup=test.setup)
    return list(found.values())


def _is_told_by_parts(value: Value) -> bool:
    """An object, or a collection with objects in it: no literal says what it is."""
    if value.kind in (*_SERIES, *_SETS):
        return any(_is_told_by_parts(item) for item in value.items)
    return value.kind == "object" and not value.scalar


def _asked(expression: str, value: Value, view: View) -> Iterator[str]:
    if value.kind == "tuple" and len(value.items) <= _FACETS:
        # A few things at once: a name, a version and its tags.
        for index, item in enumerate(value.items):
            yield from islice(_asked_of_part(f"({expression})[{index}]", item, view), 1)
        return
    if value.kind in (*_SERIES, *_SETS):
        yield from _asked_of_part(expression, value, view)
        return
    node = _class_of(value, view)
    methods = {s.name: s for s in node.body if isinstance(s, ast.FunctionDef)} if node is not None else {}
    if "__str__" in methods or (node is not None and _is_exception(node, view)):
        yield f"str({expression})"
    elif "__repr__" in methods:
        yield f"repr({expression})"
    for name, method in methods.items():
        is_property = any(ast.unparse(d).endswith("property") for d in method.decorator_list)
        if is_property and not name.startswith("_"):
            yield f"({expression}).{name}"
    for name, held in zip(value.fields, value.items, strict=False):
        if not name.startswith("_") and held.literal() is not None:
            yield f"({expression}).{name}"


def _asked_of_part(expression: str, value: Value, view: View) -> Iterator[str]:
    """One thing that tells of a value. What has no text of its own would show where it lies in memory."""
    if not _is_told_by_parts(value):
        if value.literal() is not None:
            yield expression
        return
    if value.kind not in (*_SERIES, *_SETS):
        if _has_text(_class_of(value, view), view):
            yield f"str({expression})"
        return
    if all(item.literal() is not None or _has_text(_class_of(item, view), view) for item in value.items):
        each = f"[str(item) for item in {expression}]"
        yield f"sorted({each})" if value.kind in _SETS else each


def _has_text(node: ast.ClassDef | None, view: View) -> bool:
    return node is not None and (
        any(isinstance(s, ast.FunctionDef) and s.name in ("__str__", "__repr__") for s in node.body)
        or _is_exception(node, view)
    )


def _is_exception(node: ast.ClassDef, view: View, depth: int = 0) -> bool:
    """Its text is what its constructor handed on."""
    for base in node.bases:
        name = ast.unparse(base).rpartition(".")[2]
        builtin = getattr(builtins, name, None)
        if isinstance(builtin, type) and issubclass(builtin, BaseException):
            return True
        parent = view.find_class(name)
        if parent is not None and depth < _DEPTH and _is_exception(parent, view, depth + 1):
            return True
    return False


def _class_of(value: Value, view: View) -> ast.ClassDef | None:
    module, _, name = value.type_name.partition(":")
    if module == view.module:
        return view.find_class(name)
    there = view.imported_from(name)
    return there[0].find_class(there[1]) if there is not None else None

"""Results that no literal can express, told by what can be seen of them: their text, their attributes."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from genx_lsp.candidate import CallTest, TestOrigin
from genx_lsp.engine.job import Job
from genx_lsp.propose.keys import normal_expression, test_key
from genx_lsp.propose.views import View, view_of
from genx_sandbox import Unknown, Value

# Calls looked at, and what is asked of each of their results.
_CALLS = 16
_FACETS = 4


def facets(job: Job) -> list[CallTest]:
    """Calls that ask for parts of the objects that known calls return; their outcomes are unknown yet."""
    view = view_of(job.target, job.project)
    found: dict[str, CallTest] = {}
    asked = 0
    for test in job.usable:
        outcome = job.matrix.outcome(job.original, test)
        value = outcome.value if outcome is not None and outcome.kind == "value" else None
        if value is None or value.kind != "object" or value.scalar or asked >= _CALLS:
            continue
        asked += 1
        for expression in list(_asked(test.expression, value, view))[:_FACETS]:
            text = normal_expression(expression)
            key = test_key(text, Unknown(), test.setup)
            found[key] = CallTest(key, text, origin=TestOrigin.BOUNDARY, setup=test.setup)
    return list(found.values())


def _asked(expression: str, value: Value, view: View) -> Iterator[str]:
    node = _class_of(value, view)
    methods = {s.name: s for s in node.body if isinstance(s, ast.FunctionDef)} if node is not None else {}
    if "__str__" in methods:
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


def _class_of(value: Value, view: View) -> ast.ClassDef | None:
    module, _, name = value.type_name.partition(":")
    if module == view.module:
        return view.find_class(name)
    there = view.imported_from(name)
    return there[0].find_class(there[1]) if there is not None else None

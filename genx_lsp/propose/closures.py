"""Calls of what a call gives: `adder(2)(3)` says of a maker of functions what `adder(2)` does not."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from genx_lsp.candidate import CallTest, TestOrigin
from genx_lsp.discovery import parameters_of
from genx_lsp.propose.arguments import pools
from genx_lsp.propose.boundary import argument_list
from genx_lsp.propose.boundary import propose as outer_calls
from genx_lsp.propose.context import Context
from genx_lsp.propose.keys import normal_expression, parse_definition
from genx_lsp.propose.pairwise import rows
from genx_lsp.propose.script import make_test

_OUTER = 8
_INNER = 6


def propose(context: Context) -> Iterator[CallTest]:
    """Yield calls of the functions that the target's calls give; none where it makes none."""
    target = context.target
    tree = parse_definition(target.source)
    definition = tree.body[0] if tree is not None and tree.body else None
    if not isinstance(definition, ast.FunctionDef) or target.is_generator:
        return
    inner = _given(definition)
    if inner is None:
        return
    # The parameters of the inner function, as the whole of the code uses them.
    columns = pools(replace(context, target=replace(target, parameters=parameters_of(inner, "function"))))
    if any(not pool.values for pool in columns):
        return
    # The calls that give functions are known by now; it is them that are gone on with.
    for call in islice(outer_calls(replace(context, known_calls=())), _OUTER):
        if not isinstance(call, CallTest):
            continue
        for row in islice(rows([len(pool.values) for pool in columns]), _INNER):
            chosen = [(pool, pool.values[index]) for pool, index in zip(columns, row, strict=True)]
            arguments = argument_list([(pool, value.text) for pool, value in chosen])
            setup = dict.fromkeys([call.setup, *(line for _, value in chosen for line in value.setup)])
            text = normal_expression(f"{call.expression}({arguments})")
            yield make_test((text, "\n".join(filter(None, setup))), origin=TestOrigin.BOUNDARY)


def _given(definition: ast.FunctionDef) -> ast.FunctionDef | ast.Lambda | None:
    """The function within it that it returns in the end."""
    inner = {s.name: s for s in definition.body if isinstance(s, ast.FunctionDef)}
    last = definition.body[-1]
    value = last.value if isinstance(last, ast.Return) else None
    if isinstance(value, ast.Lambda):
        return value
    found = inner.get(value.id) if isinstance(value, ast.Name) else None
    is_plain = found is not None and not any(
        isinstance(node, (ast.Yield, ast.YieldFrom)) for node in ast.walk(found)
    )
    return found if is_plain else None

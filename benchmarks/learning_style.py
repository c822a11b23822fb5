"""A fixed preference for how tests are written: what is in it, and how a test is edited into it.

    def test_split_bill__no_tip():
        assert split_bill(total=10, people=4) == 2.5

1. The name: the function's, two underscores, and what the case is.
2. Arguments are given by name, a single one too.
3. Every case is a test of its own; no tables.

None of it is what comes out where nothing else is known, and none of it changes what a test proves.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from genx_lsp.emit.literals import requote
from genx_lsp.emit.naming import stem
from genx_lsp.target import Target


@dataclass(frozen=True)
class Marks:
    """Which parts of the preference a test meets."""

    named: bool
    by_name: bool
    apart: bool

    @property
    def in_style(self) -> bool:
        """All of it."""
        return self.named and self.by_name and self.apart


def marks(source: str, target: Target) -> Marks:
    """What one test function shows of the preference."""
    function = _parsed(source)
    calls = list(_calls(function, target))
    return Marks(
        named=re.fullmatch(rf"test_{re.escape(stem(target))}__[a-z0-9]\w*", function.name) is not None,
        by_name=not any(call.args for call in calls),
        apart=not any("parametrize" in ast.unparse(d) for d in function.decorator_list),
    )


def restyled(source: str, target: Target, taken: Iterable[str]) -> str:
    """The test as this user would have written it; several, where it was a table."""
    function = _parsed(source)
    names = set(taken)
    made = []
    for case, values in _rows(function):
        one = _parsed(source)
        one.decorator_list = [d for d in one.decorator_list if "parametrize" not in ast.unparse(d)]
        one.args.args = [a for a in one.args.args if a.arg not in values]
        _Filled(values).visit(one)
        for call in _calls(one, target):
            positions = [p.name for p in target.parameters if p.kind == "positional_or_keyword"]
            given = zip(positions, call.args, strict=False)
            call.keywords = [ast.keyword(name, value) for name, value in given] + call.keywords
            call.args = call.args[len(positions) :]
        told = case or function.name.removeprefix(f"test_{stem(target)}").strip("_") or "case"
        one.name = _free(f"test_{stem(target)}__{told}", names)
        names.add(one.name)
        made.append(requote(ast.unparse(ast.fix_missing_locations(one)), '"') + "\n")
    return "\n\n".join(made)


def _parsed(source: str) -> ast.FunctionDef:
    (function,) = ast.parse(source).body
    assert isinstance(function, ast.FunctionDef)
    return function


def _calls(function: ast.FunctionDef, target: Target) -> Iterator[ast.Call]:
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == target.name:
            yield node


def _rows(function: ast.FunctionDef) -> Iterator[tuple[str, dict[str, ast.expr]]]:
    """Each case's name, where it has one, and the values of its columns; one without any for no table."""
    tables = [d for d in function.decorator_list if isinstance(d, ast.Call) and len(d.args) == 2]
    if not tables:
        yield "", {}
        return
    heading, rows = tables[0].args
    columns = ast.literal_eval(heading)
    columns = [columns] if isinstance(columns, str) else list(columns)
    assert isinstance(rows, ast.List)
    for row in rows.elts:
        assert isinstance(row, ast.Call)
        name = next((ast.literal_eval(k.value) for k in row.keywords if k.arg == "id"), "")
        yield (
            re.sub(r"[^a-z0-9]+", "_", str(name).lower()).strip("_"),
            dict(zip(columns, row.args, strict=True)),
        )


def _free(wanted: str, taken: set[str]) -> str:
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}_{number}", number + 1
    return name


class _Filled(ast.NodeTransformer):
    """Puts a row's values in the place of its columns."""

    def __init__(self, values: dict[str, ast.expr]) -> None:
        self._values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._values.get(node.id, node)

"""`pytest.mark.parametrize` unrolled: one body a case, the parameters replaced by their values."""

from __future__ import annotations

import ast
import copy
import itertools
from collections.abc import Iterator, Mapping, Sequence

_MOST_CASES = 200


def cases(
    function: ast.FunctionDef | ast.AsyncFunctionDef, decorators: Sequence[ast.expr], wanted: set[str]
) -> Iterator[list[ast.stmt]]:
    """Yield the body for each case; nothing if `wanted` parameters (fixtures) would stay without a value."""
    tables = [table for d in decorators if (table := _table(d)) is not None]
    given = {name for table in tables for row in table[:1] for name in row}
    if wanted - given:
        return
    for rows in itertools.islice(itertools.product(*tables), _MOST_CASES):
        values = {name: node for row in rows for name, node in row.items()}
        yield substitute(function.body, values) if values else function.body


def substitute(body: Sequence[ast.stmt], values: Mapping[str, ast.expr]) -> list[ast.stmt]:
    """A copy of statements with names read as these values."""
    replacer = _Replacer(values)
    return [ast.fix_missing_locations(replacer.visit(copy.deepcopy(s))) for s in body]


def rows_of(names: Sequence[str], table: ast.expr) -> list[dict[str, ast.expr]] | None:
    """The rows of a literal table, by name; None if it is no list or tuple or a row does not fit."""
    if not isinstance(table, (ast.List, ast.Tuple)):
        return None
    rows: list[dict[str, ast.expr]] = []
    for element in table.elts:
        fields: list[ast.expr]
        if isinstance(element, ast.Call) and ast.unparse(element.func).rpartition(".")[2] == "param":
            if any(k.arg == "marks" for k in element.keywords):
                continue
            fields = list(element.args)
        elif len(names) == 1:
            fields = [element]
        elif isinstance(element, (ast.Tuple, ast.List)):
            fields = list(element.elts)
        else:
            return None
        if len(fields) != len(names) or any(isinstance(f, ast.Starred) for f in fields):
            return None
        rows.append(dict(zip(names, fields, strict=True)))
    return rows


def _table(decorator: ast.expr) -> list[dict[str, ast.expr]] | None:
    if not isinstance(decorator, ast.Call) or not ast.unparse(decorator.func).endswith("parametrize"):
        return None
    arguments = dict(zip(("argnames", "argvalues"), decorator.args, strict=False))
    arguments |= {k.arg: k.value for k in decorator.keywords if k.arg is not None}
    if "argnames" not in arguments or "argvalues" not in arguments or "indirect" in arguments:
        return None
    try:
        names = ast.literal_eval(arguments["argnames"])
    except (ValueError, TypeError, SyntaxError):
        return None
    split = [n.strip() for n in names.split(",") if n.strip()] if isinstance(names, str) else list(names)
    return rows_of(split, arguments["argvalues"])


class _Replacer(ast.NodeTransformer):
    def __init__(self, values: Mapping[str, ast.expr]) -> None:
        self._values = values

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if isinstance(node.ctx, ast.Load) and node.id in self._values:
            return copy.deepcopy(self._values[node.id])
        return node

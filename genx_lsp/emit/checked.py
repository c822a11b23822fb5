"""Which calls a test file checks already, however they are written: in tables, through variables, by name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence

from genx_lsp.emit.cases import Case

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def checked_calls(tree: ast.Module, name: str, parameters: Sequence[str] = ()) -> frozenset[str]:
    """Every call (or property) of that name in the file's tests, normalised.

    The rows of `parametrize` and simple local assignments are filled in; arguments by position and by name
    are the same, as far as the parameters that can be given either way are told.
    """
    found: set[str] = set()
    for function in _tests(tree):
        rows = list(_rows(function)) or [{}]
        for row in rows if _about(function, name) else []:
            values = {**row, **_locals(function, row)}
            changes: list[str] = []
            for statement in function.body:
                asked = _about(statement, name)
                found.update(_after(changes, call_key(node, values, (name, parameters))) for node in asked)
                changes += _changes(statement, values)
    return frozenset(found)


def _about(part: ast.AST, name: str) -> list[ast.expr]:
    """Calls of that name in a test or a part of it, and what its claims are about if there are any."""
    named = [n for n in ast.walk(part) if isinstance(n, ast.expr) and _callee(n) == name]
    return named + _claimed(part)


def _changes(statement: ast.stmt, values: Mapping[str, ast.expr]) -> list[str]:
    """A method called on a local variable for what it does to it: `stack.push(2)`."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)):
        return []
    owner = call.func.value
    return [ast.unparse(_filled(call, values))] if isinstance(owner, ast.Name) and owner.id in values else []


def _after(changes: Sequence[str], key: str) -> str:
    """The key of what is asked once objects were changed: it is another question."""
    return "; ".join([*changes, key])


def _claimed(function: ast.AST) -> list[ast.expr]:
    """What the test's own claims are about, operators and parts of results included: `a < b`, `str(f(1))`."""
    found: list[ast.expr] = []
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            claim = node.test
            if isinstance(claim, ast.UnaryOp) and isinstance(claim.op, ast.Not):
                claim = claim.operand
            found += [claim, claim.left] if isinstance(claim, ast.Compare) else [claim]
        elif isinstance(node, ast.With | ast.AsyncWith):
            found += [s.value for s in node.body if isinstance(s, ast.Expr)]
    return found


def case_key(case: Case, name: str, parameters: Sequence[str] = ()) -> str:
    """The same of a case that is to be written."""
    function = ast.parse("\n".join(["def test():", *(f"    {line}" for line in case.setup), "    pass"]))
    test = function.body[0]
    assert isinstance(test, ast.FunctionDef)
    values = _locals(test, {})
    changes = [change for statement in test.body for change in _changes(statement, values)]
    return _after(changes, call_key(ast.parse(case.call, mode="eval").body, values, (name, parameters)))


def call_key(
    node: ast.expr,
    values: Mapping[str, ast.expr] | None = None,
    target: tuple[str, Sequence[str]] = ("", ()),
) -> str:
    """A call without the way its function is spelled: `pricing.f(1)` and `f(1)` are the same."""
    filled = _filled(node, values or {})
    if target[1]:
        filled = _Named(*target).visit(filled)
    if isinstance(filled, ast.Call) and isinstance(filled.func, ast.Attribute):
        owner: ast.expr = filled.func.value
        while isinstance(owner, ast.Attribute):
            owner = owner.value
        if isinstance(owner, ast.Name):
            filled.func = ast.Name(filled.func.attr)
    return ast.dump(ast.parse(ast.unparse(filled), mode="eval"))


def _callee(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    if not isinstance(node, ast.Call):
        return ""
    return node.func.id if isinstance(node.func, ast.Name) else _callee(node.func)


def _tests(tree: ast.Module) -> Iterator[_Function]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
            yield node


def _rows(function: _Function) -> Iterator[dict[str, ast.expr]]:
    """The values of each row of a single `parametrize`, by argument name."""
    for decorator in function.decorator_list:
        if not isinstance(decorator, ast.Call) or len(decorator.args) < 2:
            continue
        if not ast.unparse(decorator.func).endswith("parametrize"):
            continue
        names = _argument_names(decorator.args[0])
        table = decorator.args[1]
        for row in table.elts if isinstance(table, ast.List | ast.Tuple) else []:
            if isinstance(row, ast.Call):
                cells: list[ast.expr] = list(row.args)
            elif len(names) > 1 and isinstance(row, ast.Tuple | ast.List):
                cells = list(row.elts)
            else:
                cells = [row]
            if len(cells) == len(names):
                yield dict(zip(names, cells, strict=True))


def _argument_names(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [n for n in re.split(r"[,\s]+", node.value) if n]
    if isinstance(node, ast.Tuple | ast.List):
        return [e.value for e in node.elts if isinstance(e, ast.Constant) and isinstance(e.value, str)]
    return []


class _Fill(ast.NodeTransformer):
    """Puts values in the place of names."""

    def __init__(self, values: Mapping[str, ast.expr]) -> None:
        self.values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.values.get(node.id, node)


class _Named(ast.NodeTransformer):
    """Names the arguments of every call of a function."""

    def __init__(self, name: str, parameters: Sequence[str]) -> None:
        self.name, self.parameters = name, parameters

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        named = {k.arg: k.value for k in node.keywords if k.arg}
        is_plain = len(named) == len(node.keywords) and not any(isinstance(a, ast.Starred) for a in node.args)
        if _callee(node) == self.name and is_plain and len(node.args) <= len(self.parameters):
            named |= dict(zip(self.parameters, node.args, strict=False))
            node.args = []
            node.keywords = [ast.keyword(n, v) for n, v in sorted(named.items())]
        return node


def _filled(node: ast.expr, values: Mapping[str, ast.expr]) -> ast.expr:
    copy = ast.parse(ast.unparse(node), mode="eval")
    if values:
        _Fill(values).visit(copy)
    return copy.body


def _locals(function: _Function, row: Mapping[str, ast.expr]) -> dict[str, ast.expr]:
    """What the test's local names stand for, as far as simple assignments say."""
    values: dict[str, ast.expr] = {}
    for node in function.body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            values[node.targets[0].id] = _filled(node.value, {**row, **values})
    return values

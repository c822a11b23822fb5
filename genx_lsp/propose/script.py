"""A run of statements with checks in it (a doctest, a test's body) turned into single calls."""

from __future__ import annotations

import ast
import copy
from dataclasses import dataclass

from genx_lsp.candidate import CallTest, TestOrigin
from genx_lsp.propose.keys import test_key
from genx_lsp.propose.naming import BUILTINS, Localiser, Names, free_names, module_names, plain_call
from genx_lsp.target import Target
from genx_sandbox import Expectation, Unknown

_MAX_SETUP = 12
"""Statements; a longer story is better told by the test it stands in."""
_ODD_NAMES = frozenset({"input", "breakpoint", "exit", "quit", "open", "__import__"})


@dataclass(frozen=True)
class Bound:
    """An expression in the module's names, and the statements it depends on."""

    node: ast.expr
    setup: list[ast.stmt]


class Script:
    """Collects the statements before a call, and keeps of them only what the call depends on."""

    def __init__(self, target: Target, names: Names) -> None:
        self._target = target
        self._names = names
        self._localiser = Localiser(names)
        self._statements: list[ast.stmt] = []
        self._module = module_names(target.module_source)

    def run(self, statement: ast.stmt) -> None:
        """Remember a statement that ran before what comes next."""
        localised = self._localiser.visit(copy.deepcopy(statement))
        if isinstance(localised, ast.stmt):
            self._statements.append(ast.fix_missing_locations(localised))

    def localise(self, expression: ast.expr) -> ast.expr:
        """The expression in the module's names."""
        node = self._localiser.visit(copy.deepcopy(expression))
        return node if isinstance(node, ast.expr) else expression

    def bind(self, expression: ast.expr) -> Bound:
        """What came before is joined to an expression: `total == 3` becomes `cart.total() == 3`."""
        node = self.localise(expression)
        return Bound(*_inline(node, self._slice(free_names(node))))

    def call(self, bound: Bound, expected: ast.expr | None = None) -> tuple[str, str, str] | None:
        """The call's text, its setup, and the expected side as text, which may lean on the same setup.

        None if it needs something out of reach.
        """
        node, setup = plain_call(bound.node), bound.setup
        both = [node] if expected is None else [node, expected]
        imports = self._imports(ast.Tuple(elts=both, ctx=ast.Load()), setup)
        if imports is None or len(setup) > _MAX_SETUP:
            return None
        if any(isinstance(n, (ast.Await, ast.Yield, ast.YieldFrom)) for s in setup for n in ast.walk(s)):
            return None
        texts = [ast.unparse(ast.fix_missing_locations(e)) for e in both]
        lines = [*imports, *(ast.unparse(s) for s in setup)]
        return texts[0], "\n".join(lines), texts[1] if expected is not None else ""

    def _slice(self, needed: set[str]) -> list[ast.stmt]:
        """Backward slice: a statement counts if it binds or touches a name that is needed after it."""
        needed = set(needed)
        bound_here = {
            n.id
            for s in self._statements
            for n in ast.walk(s)
            if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        }
        kept: list[ast.stmt] = []
        for statement in reversed(self._statements):
            touched = {n.id for n in ast.walk(statement) if isinstance(n, ast.Name)}
            local = touched & bound_here
            if local & needed:
                kept.append(statement)
                needed |= free_names(statement)
        return kept[::-1]

    def _imports(self, node: ast.expr, setup: list[ast.stmt]) -> list[str] | None:
        bound: set[str] = set()
        imports: list[str] = []
        for part in (*setup, node):
            for name in sorted(free_names(part) - bound):
                foreign = self._names.foreign.get(name)
                if name in _ODD_NAMES:
                    return None
                if foreign is not None and "pytest" in foreign:
                    # Only `pytest.approx` on the expected side may use it, and that is never evaluated.
                    if isinstance(part, ast.Tuple) and name not in free_names(part.elts[0]):
                        continue
                    return None
                if foreign is not None and self._module.get(name) != foreign:
                    imports.append(foreign)
                elif foreign is None and name not in self._module and name not in BUILTINS:
                    return None
            bound |= {
                n.id for n in ast.walk(part) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
            }
        return list(dict.fromkeys(imports))


def make_test(
    call: tuple[str, str],
    expectation: Expectation | None = None,
    expected_text: str = "",
    *,
    origin: TestOrigin,
    trusted: bool = False,
    weight: float = 1.0,
) -> CallTest:
    """A call test with its key."""
    expression, setup = call
    expected = Unknown() if expectation is None else expectation
    return CallTest(
        key=test_key(expression, expected, setup, expected_text),
        expression=expression,
        expectation=expected,
        origin=origin,
        trusted=trusted,
        expected_text=expected_text,
        setup=setup,
        weight=weight,
    )


def shares_an_object(call: ast.expr, expected: ast.expr, setup: list[ast.stmt]) -> bool:
    """Whether the two sides may hold one object that the call can change: then neither stands alone."""
    shared = _behind(call, setup) & _behind(expected, setup)
    return any(not _never_changes(name, setup) for name in shared)


def _behind(node: ast.expr, setup: list[ast.stmt]) -> set[str]:
    """The names bound in the setup that an expression rests on, directly or by way of others."""
    bound = {n.id for s in setup for n in ast.walk(s) if isinstance(n, ast.Name) and _stores(n)}
    names = free_names(node) & bound
    for statement in reversed(setup):
        touched = {n.id for n in ast.walk(statement) if isinstance(n, ast.Name)} & bound
        if touched & names:
            names |= touched
    return names


def _stores(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Store)


def _never_changes(name: str, setup: list[ast.stmt]) -> bool:
    """A name that is only ever given numbers, texts or None."""
    values = [
        s.value if isinstance(s, ast.Assign) else None
        for s in setup
        if any(isinstance(n, ast.Name) and n.id == name and _stores(n) for n in ast.walk(s))
    ]
    return all(
        isinstance(value.operand if isinstance(value, ast.UnaryOp) else value, ast.Constant)
        for value in values
    )


def _inline(node: ast.expr, setup: list[ast.stmt]) -> tuple[ast.expr, list[ast.stmt]]:
    """Put `cart = Cart()` into `cart.total()` where that changes nothing: one assignment, one use."""
    setup = list(setup)
    while setup:
        last = setup[-1]
        if not (
            isinstance(last, ast.Assign) and len(last.targets) == 1 and isinstance(last.targets[0], ast.Name)
        ):
            break
        name = last.targets[0].id
        uses = [n for n in ast.walk(node) if isinstance(n, ast.Name) and n.id == name]
        if len(uses) != 1 or not isinstance(uses[0].ctx, ast.Load) or _repeats(node):
            break
        node = _Substitute(name, last.value).visit(node)
        setup.pop()
    return node, setup


def _repeats(node: ast.expr) -> bool:
    """Whether parts of an expression may be evaluated more or less than once, or later."""
    lazy = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.NamedExpr, ast.IfExp)
    return any(isinstance(n, lazy) for n in ast.walk(node))


class _Substitute(ast.NodeTransformer):
    def __init__(self, name: str, value: ast.expr) -> None:
        self._name = name
        self._value = value

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return copy.deepcopy(self._value) if node.id == self._name else node

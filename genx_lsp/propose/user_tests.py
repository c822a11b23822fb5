"""The project's own tests that reach the target: as calls where simple, and as pytest items."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from genx_lsp.candidate import CallTest, ItemTest, TestCandidate
from genx_lsp.propose.assertions import checks
from genx_lsp.propose.context import Context
from genx_lsp.propose.keys import item_key, quiet_parse
from genx_lsp.propose.naming import Names, mentions, read_imports
from genx_lsp.propose.parametrize import cases
from genx_lsp.target import Target

TestFunction = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Found:
    """A test function and the classes around it."""

    function: TestFunction
    classes: tuple[ast.ClassDef, ...] = ()

    @property
    def node_id(self) -> str:
        """`test_a` or `TestB::test_c`; a parametrised function stands for all of its cases."""
        return "::".join([*(c.name for c in self.classes), self.function.name])

    @property
    def decorators(self) -> list[ast.expr]:
        """Its own and those of its classes."""
        return [*self.function.decorator_list, *(d for c in self.classes for d in c.decorator_list)]


def propose(context: Context) -> Iterator[TestCandidate]:
    """Yield every simple check as a trusted `CallTest`, then every item that reaches the target.

    A simple check is also part of its item: the call is cheap and cannot be forged, the item tells
    what the user's own run would say.
    """
    target = context.target
    seen: set[str] = set()
    items: list[ItemTest] = []
    for path in sorted(context.tests_text):
        source = context.tests_text[path]
        try:
            tree = quiet_parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        names = read_imports((s for s in ast.walk(tree) if isinstance(s, ast.stmt)), target)
        if not _reaches(names, target, source):
            continue
        for found in _test_functions(tree.body):
            if context.cancel.is_set():
                return
            if _switched_off(found) or not mentions(found.function, target, names):
                continue
            tests = tuple(_calls(found, tree, names, target, source))
            items.append(
                ItemTest(
                    key=item_key(path, source, found.node_id),
                    path=Path(path),
                    source=source,
                    node_id=found.node_id,
                    calls=tuple(test.key for test in tests),
                )
            )
            for test in tests:
                if test.key not in seen:
                    seen.add(test.key)
                    yield test
    yield from items


def _reaches(names: Names, target: Target, source: str) -> bool:
    """Whether a file imports the target's module or name, or at least speaks of its class (fixtures)."""
    if names.modules or "*" in names.own:
        return True
    top = target.qualified_name.partition(".")[0]
    if top in names.own.values():
        return True
    return bool(target.class_name) and (bool(names.own) or target.class_name in source)


def _test_functions(body: list[ast.stmt], classes: tuple[ast.ClassDef, ...] = ()) -> Iterator[Found]:
    for statement in body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            if statement.name.startswith("test"):
                yield Found(statement, classes)
        elif isinstance(statement, ast.ClassDef):
            bases = [ast.unparse(b).rpartition(".")[2] for b in statement.bases]
            if statement.name.startswith("Test") or "TestCase" in bases:
                yield from _test_functions(statement.body, (*classes, statement))


def _switched_off(found: Found) -> bool:
    """Skipped and expected failures say nothing."""
    marks = {ast.unparse(d).partition("(")[0].rpartition(".")[2] for d in found.decorators}
    return bool(marks & {"skip", "skipif", "xfail", "skipIf", "skipUnless", "expectedFailure"})


def _calls(found: Found, tree: ast.Module, names: Names, target: Target, source: str) -> Iterator[CallTest]:
    """The checks of a test without fixtures, patches or other surroundings that a bare call would lack."""
    if "autouse" in source or any(not _is_mark(d) for d in found.decorators):
        return
    surroundings = {"setup_method", "setUp", "setup_class", "setUpClass"}
    for around in found.classes:
        if any(isinstance(s, TestFunction) and s.name in surroundings for s in around.body):
            return
    arguments = found.function.args
    wanted = {a.arg for a in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]} - {
        "self",
        "cls",
    }
    constants = [s for s in tree.body if isinstance(s, (ast.Assign, ast.AnnAssign))]
    for body in cases(found.function, found.decorators, wanted):
        yield from checks(body, constants, names, target)


def _is_mark(decorator: ast.expr) -> bool:
    return ast.unparse(decorator).startswith(("pytest.mark.", "mark.", "staticmethod"))

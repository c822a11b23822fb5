"""How a docstring or a test file names things of the target's module, and back to the module's own names."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable
from dataclasses import dataclass, field

from genx_lsp.remembered import remembered
from genx_lsp.source_text import shared_tree
from genx_lsp.target import Target

BUILTINS = frozenset(dir(builtins))
_ASYNC_RUNNERS = frozenset({"asyncio.run", "anyio.run", "trio.run"})


@dataclass(frozen=True)
class Names:
    """The imports in force at some place, seen from the target's module."""

    own: dict[str, str] = field(default_factory=dict)
    """Local name -> name in the target's module (`discount` -> `apply_discount`)."""
    modules: frozenset[str] = frozenset()
    """Dotted texts that mean the target's module (`pricing`, `shop.pricing`)."""
    foreign: dict[str, str] = field(default_factory=dict)
    """Local name -> the import statement that binds it."""


def read_imports(statements: Iterable[ast.stmt], target: Target) -> Names:
    """Sort imports into those of the target's module and others. Star imports of it need no entry."""
    own: dict[str, str] = {}
    modules: set[str] = set()
    foreign: dict[str, str] = {}
    top = target.qualified_name.partition(".")[0]
    parent, _, last = target.module.rpartition(".")
    for statement in statements:
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                bound = alias.asname or alias.name
                if same_module(alias.name, target.module):
                    modules.add(bound)
                else:
                    foreign[bound.partition(".")[0]] = ast.unparse(ast.Import(names=[alias]))
        elif isinstance(statement, ast.ImportFrom):
            source = statement.module or ""
            for alias in statement.names:
                bound = alias.asname or alias.name
                if _is_target_module(statement, target) or (
                    # A package's `__init__` may hand the target on under the same name.
                    alias.name == top
                    and (statement.level > 0 or f"{target.module}.".startswith(f"{source}."))
                ):
                    own[bound] = alias.name
                elif alias.name == last and (statement.level > 0 or same_module(source, parent)):
                    modules.add(bound)
                elif statement.level == 0:
                    single = ast.ImportFrom(module=source, names=[alias], level=0)
                    foreign[bound] = ast.unparse(single)
    return Names(own, frozenset(modules), foreign)


def same_module(named: str, module: str) -> bool:
    """Whether a test's spelling means this module: equal, or one ends in the other (`src.` layouts)."""
    return bool(named) and (named == module or named.endswith("." + module) or module.endswith("." + named))


def _is_target_module(statement: ast.ImportFrom, target: Target) -> bool:
    source = statement.module or ""
    if statement.level == 0:
        return same_module(source, target.module)
    return bool(source) and source.rpartition(".")[2] == target.module.rpartition(".")[2]


@remembered(64)
def module_names(module_source: str) -> dict[str, str]:
    """Names bound at the top of a module -> the import statement that binds them, or an empty text."""
    found: dict[str, str] = {}
    pending: list[ast.stmt] = list(shared_tree(module_source).body)
    while pending:
        statement = pending.pop(0)
        if isinstance(statement, ast.If) and _for_checkers_only(statement.test):
            pending[:0] = statement.orelse
            continue
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found[statement.name] = ""
            continue
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                bound = (alias.asname or alias.name).partition(".")[0]
                found[bound] = ast.unparse(ast.Import(names=[alias]))
        elif isinstance(statement, ast.ImportFrom):
            for alias in statement.names:
                single = ast.ImportFrom(module=statement.module, names=[alias], level=statement.level)
                found[alias.asname or alias.name] = ast.unparse(single)
        else:
            for node in ast.walk(statement):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    found.setdefault(node.id, "")
            if isinstance(statement, (ast.If, ast.Try, ast.With)):
                pending[:0] = [s for s in ast.walk(statement) if isinstance(s, (ast.Import, ast.ImportFrom))]
                pending[:0] = [
                    s
                    for s in ast.walk(statement)
                    if isinstance(s, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
                ]
    return found


def _for_checkers_only(test: ast.expr) -> bool:
    """`if TYPE_CHECKING:`: what it binds is not there when the module runs."""
    return ast.unparse(test).rpartition(".")[2] == "TYPE_CHECKING"


class Localiser(ast.NodeTransformer):
    """Rewrites an expression or statement into the names of the target's module."""

    def __init__(self, names: Names) -> None:
        self._names = names

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """`pricing.f` is `f` at home."""
        if ast.unparse(node.value) in self._names.modules:
            return ast.copy_location(ast.Name(id=node.attr, ctx=node.ctx), node)
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """`from pricing import f as g`: `g` is `f` at home."""
        if isinstance(node.ctx, ast.Load) and node.id in self._names.own:
            return ast.copy_location(ast.Name(id=self._names.own[node.id], ctx=node.ctx), node)
        return node


def plain_call(node: ast.expr) -> ast.expr:
    """The call without `await` or `asyncio.run(...)`: the sandbox runs coroutines to their end itself."""
    if isinstance(node, ast.Await):
        return plain_call(node.value)
    if (
        isinstance(node, ast.Call)
        and ast.unparse(node.func) in _ASYNC_RUNNERS
        and len(node.args) == 1
        and not node.keywords
    ):
        return plain_call(node.args[0])
    return node


def free_names(node: ast.AST) -> set[str]:
    """Names that an expression or statement reads and does not bind itself."""
    read: set[str] = set()
    bound: set[str] = set()
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            (read if isinstance(part.ctx, ast.Load) else bound).add(part.id)
        elif isinstance(part, ast.arg):
            bound.add(part.arg)
    if isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
        # `x = f(x)` reads x before it binds it.
        value = node.value
        bound = set() if value is None else bound - {n.id for n in ast.walk(value) if isinstance(n, ast.Name)}
    return read - bound


def mentions(node: ast.AST, target: Target, names: Names | None = None) -> bool:
    """Whether a piece of code reaches for the target by name."""
    names = names or Names()
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute) and part.attr == target.name:
            if target.class_name or ast.unparse(part.value) in names.modules:
                return True
        elif isinstance(part, ast.Name):
            if part.id in names.foreign and part.id not in names.own:
                continue
            if not target.class_name and names.own.get(part.id, part.id) == target.name:
                return True
            # A constructor is reached through the class itself.
            if (
                target.name in ("__init__", "__new__", "__post_init__")
                and names.own.get(part.id, part.id) == target.class_name.rpartition(".")[2]
            ):
                return True
    return False

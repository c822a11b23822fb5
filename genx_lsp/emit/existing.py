"""What a test file holds already: the calls it checks, the names it uses, the habits it shows."""

from __future__ import annotations

import ast
import re
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO
from itertools import islice

from genx_lsp.emit.cases import Case
from genx_lsp.emit.manner import Manner, manner
from genx_lsp.emit.scope import ImportStyle, resolve
from genx_lsp.project import Project
from genx_lsp.project_files import read_line_length

_TOKENS = 4_000
"""Read of a file at most for its quotes: a habit shows in some five hundred lines."""
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Habits:
    """How a project writes its tests."""

    quote: str = '"'
    line_length: int = 88
    style: ImportStyle = "from"
    in_classes: bool = False
    tables: bool = False
    manner: Manner = field(default_factory=Manner)


def habits(project: Project, trees: Sequence[tuple[str, ast.Module]], own: str, module_source: str) -> Habits:
    """What most of the test files do; for quotes, the file's own or the target's where there are none.

    `trees` are (source, tree) of the test files looked at, the file to be written first if it exists.
    """
    sources = [own] if own else [source for source, _ in trees] or [module_source]
    counts = {'"': 0, "'": 0}
    for source in sources:
        for quote in _quotes(source):
            counts[quote] += 1
    in_class = outside = plain_from = through_module = tables = 0
    for _, tree in trees[:1] if own else trees:
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and node.name.startswith("Test") and not _is_unittest(node):
                in_class += sum(1 for n in node.body if _is_test(n))
            outside += _is_test(node)
            tables += _is_test(node) and "parametrize" in ast.dump(node)
            if isinstance(node, ast.ImportFrom) and _is_local(node.module or "", project):
                modules = sum(_is_module(f"{node.module}.{a.name}", project) for a in node.names)
                through_module += modules
                plain_from += len(node.names) - modules
            elif isinstance(node, ast.Import):
                through_module += sum("." in a.name and _is_local(a.name, project) for a in node.names)
    return Habits(
        quote="'" if counts["'"] > counts['"'] else '"',
        line_length=read_line_length(project.root),
        style="module" if through_module > plain_from else "from",
        in_classes=in_class > outside,
        tables=tables > 0,
        manner=_manner(project, [tree for _, tree in trees], bool(own)),
    )


def _manner(project: Project, trees: Sequence[ast.Module], own: bool) -> Manner:
    """The file's own manner; that of all of them where it shows none."""
    known = [(tree, _project_names(tree, project)) for tree in trees]
    return (manner(known[:1]) if own else None) or manner(known) or Manner()


def _project_names(tree: ast.Module, project: Project) -> frozenset[str]:
    """How a test file calls the project's functions: `f`, `pricing.f`."""
    found: set[str] = set()
    modules: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.level or _is_local(node.module or "", project)):
            for alias in node.names:
                is_module = _is_module(f"{node.module}.{alias.name}", project)
                (modules if is_module else found).add(alias.asname or alias.name)
        elif isinstance(node, ast.Import):
            modules.update(a.asname or a.name for a in node.names if _is_local(a.name, project))
    for node in ast.walk(tree) if modules else ():
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in modules:
            found.add(ast.unparse(node))
    return frozenset(found)


def checked_calls(tree: ast.Module, name: str, parameters: Sequence[str] = ()) -> frozenset[str]:
    """Every call (or property) of that name in the file's tests, normalised.

    The rows of `parametrize` and simple local assignments are filled in; arguments by position and by name
    are the same, as far as the parameters that can be given either way are told.
    """
    found: set[str] = set()
    for function in _tests(tree):
        named = [n for n in ast.walk(function) if isinstance(n, ast.expr) and _callee(n) == name]
        named += _claimed(function)
        for row in (list(_rows(function)) or [{}]) if named else []:
            values = {**row, **_locals(function, row)}
            found.update(call_key(node, values, (name, parameters)) for node in named)
    return frozenset(found)


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
    values = _locals(function.body[0], {}) if isinstance(function.body[0], ast.FunctionDef) else {}
    return call_key(ast.parse(case.call, mode="eval").body, values, (name, parameters))


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


def used_names(tree: ast.Module) -> frozenset[str]:
    """Names of the functions and classes of the file, those in classes included."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return frozenset(n.name for n in ast.walk(tree) if isinstance(n, kinds))


def imports_module(tree: ast.Module, own_module: str, module: str) -> bool:
    """Whether the file imports the module, in whichever way."""
    package, _, last = module.rpartition(".")
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            if any(a.name == module for a in node.names):
                return True
        elif isinstance(node, ast.ImportFrom):
            origin = resolve(node, own_module)
            if origin == module or (origin == package and any(a.name == last for a in node.names)):
                return True
    return False


def mentions(tree: ast.Module, name: str) -> bool:
    """Whether the name is used in code."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == name:
            return True
        if isinstance(node, ast.Attribute) and node.attr == name:
            return True
        if isinstance(node, ast.alias) and name == node.name:
            return True
    return False


def _callee(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    if not isinstance(node, ast.Call):
        return ""
    return node.func.id if isinstance(node.func, ast.Name) else _callee(node.func)


def _tests(tree: ast.Module) -> Iterator[_Function]:
    for node in ast.walk(tree):
        if _is_test(node) and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _is_test(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test")


def _is_unittest(node: ast.ClassDef) -> bool:
    return any("TestCase" in ast.unparse(base) for base in node.bases)


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


def _quotes(source: str) -> Iterator[str]:
    """The quote of every plain string that could have had the other one."""
    try:
        for token in islice(tokenize.generate_tokens(StringIO(source).readline), _TOKENS):
            if token.type == tokenize.STRING:
                body = token.string.lstrip("rbuRBU")
                if body[:3] not in ('"""', "'''") and not set("\"'") & set(body[1:-1]):
                    yield body[0] if body[0] in "\"'" else '"'
    except (tokenize.TokenError, SyntaxError):
        return


def _is_local(module: str, project: Project) -> bool:
    top = module.partition(".")[0]
    return any((r / top).is_dir() or (r / f"{top}.py").is_file() for r in project.import_roots if top)


def _is_module(module: str, project: Project) -> bool:
    path = module.replace(".", "/")
    return any((r / f"{path}.py").is_file() for r in project.import_roots)

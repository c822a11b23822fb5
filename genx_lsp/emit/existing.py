"""What a test file holds already: the names it uses, the habits it shows."""

from __future__ import annotations

import ast
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import StringIO
from itertools import islice

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


def _is_test(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test")


def _is_unittest(node: ast.ClassDef) -> bool:
    return any("TestCase" in ast.unparse(base) for base in node.bases)


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

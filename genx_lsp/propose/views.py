"""Modules as they read: names, classes and the imports between them. Files are parsed, never imported."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

from genx_lsp.project import Project
from genx_lsp.propose.naming import BUILTINS, module_names
from genx_lsp.remembered import remembered
from genx_lsp.source_text import shared_tree
from genx_lsp.target import Target

_LARGEST_FILE = 1_000_000


@dataclass(frozen=True)
class View:
    """One module, read from its source."""

    module: str
    path: Path
    source: str
    project: Project

    @property
    def names(self) -> dict[str, str]:
        """Top-level names -> the import statement that binds them, or an empty text."""
        return module_names(self.source)

    @property
    def tree(self) -> ast.Module:
        """The parsed module, empty where it does not parse."""
        return shared_tree(self.source)

    def find_class(self, name: str) -> ast.ClassDef | None:
        """The class of that (possibly dotted) name, defined here."""
        body: list[ast.stmt] = self.tree.body
        found: ast.ClassDef | None = None
        for part in name.split("."):
            found = next((s for s in body if isinstance(s, ast.ClassDef) and s.name == part), None)
            if found is None:
                return None
            body = found.body
        return found

    def find_value(self, name: str) -> ast.expr | None:
        """What a top-level name is assigned, for type aliases and TypeVars."""
        for statement in self.tree.body:
            if isinstance(statement, ast.Assign) and any(
                isinstance(t, ast.Name) and t.id == name for t in statement.targets
            ):
                return statement.value
            if (
                isinstance(statement, ast.AnnAssign)
                and isinstance(statement.target, ast.Name)
                and statement.target.id == name
            ):
                return statement.value
        return None

    def imported_from(self, name: str) -> tuple[View, str] | None:
        """The project module that `name` is imported from, and its name there."""
        statement = self.import_of(name)
        if not isinstance(statement, ast.ImportFrom):
            return None
        alias = next((a for a in statement.names if (a.asname or a.name) == name), None)
        dotted = self._absolute(statement)
        if alias is None or not dotted:
            return None
        other = _open(dotted, self.project)
        return (other, alias.name) if other is not None and other.module != self.module else None

    def of_module(self, dotted: str) -> View | None:
        """Another module of the project, by the name that a program gave; None where there is none of it."""
        return _open(dotted, self.project) if all(p.isidentifier() for p in dotted.split(".")) else None

    def import_of(self, name: str) -> ast.stmt | None:
        """The import statement that binds a name anywhere in the module, `if TYPE_CHECKING` included."""
        return _imports(self.source).get(name)

    def origin_of(self, name: str) -> str:
        """The dotted name of what a name of this module is, where it is imported; else the name as it is."""
        statement = self.import_of(name)
        alias = next(
            (a for a in getattr(statement, "names", ()) if (a.asname or a.name.partition(".")[0]) == name),
            None,
        )
        if alias is None:
            return name
        if isinstance(statement, ast.ImportFrom):
            return f"{self._absolute(statement)}.{alias.name}"
        return alias.name if alias.asname else name

    def _absolute(self, statement: ast.ImportFrom) -> str:
        if statement.level == 0:
            return statement.module or ""
        package = self.module.split(".")
        if self.path.name != "__init__.py":
            package = package[:-1]
        kept = package[: len(package) - (statement.level - 1)]
        return ".".join([*kept, *([statement.module] if statement.module else [])])


def view_of(target: Target, project: Project) -> View:
    """The target's own module."""
    return View(target.module, target.path, target.module_source, project)


def _open(dotted: str, project: Project) -> View | None:
    relative = Path(*dotted.split("."))
    for root in (*project.import_roots, project.root):
        for path in (root / relative.with_suffix(".py"), root / relative / "__init__.py"):
            source = _read(path)
            if source is not None:
                return View(dotted, path, source, project)
    return None


def _read(path: Path) -> str | None:
    try:
        if path.is_file() and path.stat().st_size < _LARGEST_FILE:
            return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        pass
    return None


@remembered(16)
def _imports(source: str) -> dict[str, ast.Import | ast.ImportFrom]:
    """Import statements by the names that they bind; the first in the order of a walk counts."""
    found: dict[str, ast.Import | ast.ImportFrom] = {}
    for statement in ast.walk(shared_tree(source)):
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            for alias in statement.names:
                found.setdefault(alias.asname or alias.name.partition(".")[0], statement)
    return found


def spelling(home: View, text: str, view: View, statement: str) -> tuple[str, tuple[str, ...]]:
    """How the home module calls a name of `view`, with the import it needs where it does not have it."""
    head = text.partition(".")[0]
    mine, theirs = home.names.get(head), view.names.get(head)
    if mine is not None and (view.module == home.module or mine == theirs != ""):
        return text, ()
    if mine is not None and mine == statement:
        return text, ()
    name = text.rpartition(".")[2]
    if name in BUILTINS:
        return name, ()
    return name, (statement,)

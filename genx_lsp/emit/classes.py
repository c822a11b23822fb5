"""Which classes of a project can be written as a constructor call, read from their source."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path

from genx_lsp.errors import GenxError
from genx_lsp.project import Project
from genx_lsp.source_text import decode, shared_tree


class ClassIndex:
    """Looks classes up in the project's files; the target's own module is given as text."""

    def __init__(self, project: Project, sources: Mapping[str, str]) -> None:
        self._project = project
        self._trees: dict[str, ast.Module | None] = {
            module: shared_tree(source) for module, source in sources.items()
        }

    def constructor_fields(self, module: str, qualified_name: str) -> Mapping[str, str | None] | None:
        """Fields of a dataclass or named tuple with their defaults' source (None: no default), in order.

        None for a class that does not compare by its fields, or takes others than it has.
        """
        tree = self.tree(module)
        if tree is None:
            return None
        body: list[ast.stmt] = tree.body
        found: ast.ClassDef | None = None
        for part in qualified_name.split("."):
            found = next((n for n in body if isinstance(n, ast.ClassDef) and n.name == part), None)
            if found is None:
                return None
            body = found.body
        return _fields(found) if found else None

    def tree(self, module: str) -> ast.Module | None:
        """The syntax tree of a module or package of the project; None if it has none of that name."""
        if module not in self._trees:
            self._trees[module] = self._read(module)
        return self._trees[module]

    def _read(self, module: str) -> ast.Module | None:
        relative = Path(*module.split("."))
        for root in self._project.import_roots:
            for path in (root / relative.with_suffix(".py"), root / relative / "__init__.py"):
                if path.is_file():
                    try:
                        return _parse(decode(path).text)
                    except GenxError:
                        return None
        return None


def _fields(node: ast.ClassDef) -> Mapping[str, str | None] | None:
    decorator = next((d for d in node.decorator_list if _name(d) == "dataclass"), None)
    named_tuple = any(_name(base) == "NamedTuple" for base in node.bases)
    if not named_tuple and (decorator is None or node.bases):
        return None
    if isinstance(decorator, ast.Call) and any(
        k.arg in ("eq", "init") and isinstance(k.value, ast.Constant) and k.value.value is False
        for k in decorator.keywords
    ):
        return None
    if any(isinstance(n, ast.FunctionDef) and n.name in ("__init__", "__post_init__") for n in node.body):
        return None
    fields: dict[str, str | None] = {}
    for statement in node.body:
        if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
            continue
        if "ClassVar" in ast.unparse(statement.annotation):
            continue
        if "InitVar" in ast.unparse(statement.annotation):
            return None
        default = ast.unparse(statement.value) if statement.value else None
        if isinstance(statement.value, ast.Call) and _name(statement.value) == "field":
            keywords = {k.arg: k.value for k in statement.value.keywords}
            if "init" in keywords or "compare" in keywords:
                return None
            # What a factory makes is written out.
            default = ast.unparse(keywords["default"]) if "default" in keywords else None
        fields[statement.target.id] = default
    return fields


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        node = node.func
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _parse(source: str) -> ast.Module | None:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return None

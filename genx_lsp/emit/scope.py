"""How a test file spells the things it uses, and which imports that takes."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

ImportStyle = Literal["from", "module"]


@dataclass(frozen=True, order=True)
class Import:
    """`import module`, or `from module import name` where there is a name."""

    module: str
    name: str = ""
    alias: str = ""

    @property
    def bound(self) -> str:
        """The name it makes: the first part of a plain `import a.b`."""
        return self.alias or self.name or self.module.partition(".")[0]


@dataclass(frozen=True)
class Bindings:
    """The names a module's top level binds: imports by what they stand for, and everything else."""

    imports: Mapping[str, Import] = field(default_factory=dict)
    others: frozenset[str] = frozenset()

    def __contains__(self, name: str) -> bool:
        """Whether the name is taken."""
        return name in self.imports or name in self.others


def bindings_of(tree: ast.Module, module: str, is_package: bool = False) -> Bindings:
    """The bindings of a module of that dotted name, relative imports resolved."""
    imports: dict[str, Import] = {}
    others: set[str] = set()
    for node in _top_level(tree.body):
        if isinstance(node, ast.Import):
            for alias in node.names:
                entry = Import(alias.name, "", alias.asname or "")
                imports[entry.bound] = entry
        elif isinstance(node, ast.ImportFrom):
            origin = resolve(node, module, is_package)
            for alias in node.names:
                entry = Import(origin, alias.name, alias.asname or "")
                imports[entry.bound] = entry
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            others.add(node.name)
        else:
            others.update(
                n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
            )
    return Bindings({k: v for k, v in imports.items() if k not in others}, frozenset(others))


def resolve(node: ast.ImportFrom, module: str, is_package: bool = False) -> str:
    """The absolute name of the module that a `from` import names."""
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    parts = parts[: len(parts) - node.level + is_package]
    return ".".join([*parts, *([node.module] if node.module else [])])


def _top_level(body: list[ast.stmt]) -> list[ast.stmt]:
    """Statements of the module's scope, those in `if` and `try` included."""
    found: list[ast.stmt] = []
    for node in body:
        if isinstance(node, ast.If | ast.Try | ast.With):
            found += _top_level(node.body)
            found += _top_level(getattr(node, "orelse", []))
            for handler in getattr(node, "handlers", []):
                found += _top_level(handler.body)
        else:
            found.append(node)
    return found


@dataclass(frozen=True)
class Scope:
    """The test file's names as they are, the target module's names, and the style of imports."""

    module: str
    """The target's module."""
    module_names: Bindings
    file_names: Bindings = Bindings()
    style: ImportStyle = "from"
    reexports: Mapping[str, frozenset[tuple[str, str]]] = field(default_factory=dict)
    """What packages pass on that the file imports from already: (module, name) by package."""

    def spell(self, module: str, qualified_name: str) -> tuple[str, Import | None] | None:
        """How the file writes `module.qualified_name`, and the import it still needs for that.

        None where no import can make it without breaking a name the file uses already.
        """
        top = qualified_name.partition(".")[0]
        present = self.file_names.imports.get(top)
        if present and present.name == top and self._same_origin(present.module, module):
            return qualified_name, None
        alias = self._alias(module)
        imported_from = any(i.name and i.module == module for i in self.file_names.imports.values())
        if alias and not imported_from:
            return f"{alias}.{qualified_name}", None
        for source, passed in self.reexports.items():
            if (module, top) in passed and top not in self.file_names and not imported_from:
                return qualified_name, Import(source, top)
        package, _, last = module.rpartition(".")
        if self.style == "module" and module == self.module and package and last not in self.file_names:
            return f"{last}.{qualified_name}", Import(package, last)
        if top not in self.file_names:
            return qualified_name, Import(module, top)
        if alias:
            return f"{alias}.{qualified_name}", None
        if module.partition(".")[0] not in self.file_names.others:
            return f"{module}.{qualified_name}", Import(module)
        return None

    def spell_name(self, name: str) -> tuple[str, Import | None] | None:
        """How the file writes a name of the target's module; None if it cannot."""
        if name in self.module_names.others:
            return self.spell(self.module, name)
        origin = self.module_names.imports.get(name)
        if origin is None:
            return (name, None) if hasattr(builtins, name) and name not in self.file_names else None
        if origin.name:
            return self.spell(origin.module, origin.name)
        if self.file_names.imports.get(name) == origin:
            return name, None
        return (name, origin) if name not in self.file_names else None

    def spell_module(self, module: str) -> tuple[str, Import | None] | None:
        """How the file writes a standard module or pytest itself."""
        if alias := self._alias(module):
            return alias, None
        return (module, Import(module)) if module not in self.file_names else None

    def _alias(self, module: str) -> str:
        """The name under which the file has the module already."""
        package, _, last = module.rpartition(".")
        for bound, entry in self.file_names.imports.items():
            if not entry.name and entry.module == module:
                return entry.alias or module
            if entry.name == last and entry.module == package and package:
                return bound
        return ""

    @staticmethod
    def _same_origin(present: str, module: str) -> bool:
        # A package re-exports what its modules define: `from shop import Cart` is `shop.cart.Cart`.
        return module == present or module.startswith(present + ".")

"""Which values a test file can hold on the right of `==`."""

from __future__ import annotations

from collections.abc import Callable

from genx_lsp.emit.classes import ClassIndex
from genx_lsp.emit.literals import is_inexact
from genx_lsp.emit.scope import Scope, bindings_of
from genx_lsp.emit.spelling import Writer
from genx_lsp.project import Project
from genx_lsp.source_text import shared_tree
from genx_lsp.target import Target
from genx_sandbox import Value

_SHARED = ("/", "/usr", "/usr/local")
"""Found on many machines."""


def expressible(target: Target, project: Project) -> Callable[[Value], bool]:
    """Whether source text makes an equal value: literals, members of enums, dates and decimals, objects that
    compare by their fields. None of them holds a rounded number within an object: `==` would ask too much.
    Nor where on this machine the project or its interpreter lies: elsewhere they lie elsewhere."""
    is_package = target.path.name == "__init__.py"
    names = bindings_of(shared_tree(target.module_source), target.module, is_package)
    scope = Scope(target.module, names)
    classes = ClassIndex(project, {target.module: target.module_source})

    here = places_of(project)

    def can(value: Value) -> bool:
        if _names_one_of(value, here):
            return False
        if value.literal() is not None:
            return True
        return not _rounded_within(value) and Writer(scope, classes).value(value) is not None

    return can


def places_of(project: Project) -> list[str]:
    """The folders of the project and of its interpreter, as texts that name them hold them."""
    folders = (str(project.root), str(project.interpreter.parent.parent))
    return [folder for folder in folders if folder not in _SHARED]


def _rounded_within(value: Value) -> bool:
    return any(is_inexact(item) or _rounded_within(item) for item in value.items)


def _names_one_of(value: Value, folders: list[str]) -> bool:
    if value.scalar and any(folder in value.scalar for folder in folders):
        return True
    return any(_names_one_of(item, folders) for item in value.items)

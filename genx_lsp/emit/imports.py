"""Imports merged into a file's own: nothing that stands there is moved or reformatted."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Sequence

from genx_lsp.emit.scope import Import, resolve
from genx_lsp.source_text import split_lines


def merge_imports(
    source: str, needed: Iterable[Import], module: str, first_party: Iterable[str], line_length: int = 88
) -> str:
    """`source` with the imports added, where isort would have them.

    `module` is the file's own dotted name (for its relative imports), `first_party` the project's
    top-level packages. A name joins an existing `from` import of its module.
    """
    local = frozenset(first_party)
    for entry in sorted(set(needed), key=lambda i: (_section(i.module, local), bool(i.name), i)):
        source = _join(source, entry, module, line_length) or _insert(source, entry, local, module)
    return source


def import_block(needed: Iterable[Import], first_party: Iterable[str], line_length: int = 88) -> str:
    """The imports of a new file, in isort's three sections."""
    local = frozenset(first_party)
    sections: dict[int, list[str]] = {}
    plain = sorted(i for i in set(needed) if not i.name)
    for entry in plain:
        sections.setdefault(_section(entry.module, local), []).append(_statement(entry))
    grouped: dict[str, list[Import]] = {}
    for entry in sorted(i for i in set(needed) if i.name):
        grouped.setdefault(entry.module, []).append(entry)
    for module, entries in grouped.items():
        names = sorted((_imported(e) for e in entries), key=_order)
        sections.setdefault(_section(module, local), []).append(_from(module, names, line_length))
    return "\n\n".join("\n".join(sections[key]) for key in sorted(sections))


def _join(source: str, entry: Import, module: str, line_length: int) -> str | None:
    """The name added to a `from` import that is there already; None where there is none that can take it."""
    if not entry.name:
        return None
    lines = split_lines(source)
    for node in ast.parse(source).body:
        if not isinstance(node, ast.ImportFrom) or resolve(node, module) != entry.module:
            continue
        if node.names[0].name == "*" or node.col_offset:
            continue
        first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
        text = "".join(lines[first : last + 1])
        if "#" in text or ";" in text or "\\" in text:
            continue
        names = [a.name + (f" as {a.asname}" if a.asname else "") for a in node.names]
        position = len(names)
        if names == sorted(names, key=_order):
            position = sum(_order(n) < _order(_imported(entry)) for n in names)
        names.insert(position, _imported(entry))
        origin = "." * node.level + (node.module or "")
        ending = "\n" if text.endswith("\n") else ""
        replacement = _from(origin, names, line_length, multiline="(" in text and first != last) + ending
        return "".join([*lines[:first], replacement, *lines[last + 1 :]])
    return None


def _insert(source: str, entry: Import, local: frozenset[str], module: str) -> str:
    """A line of its own: within its section, or a new section in its place."""
    lines = split_lines(source)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    tree = ast.parse(source)
    present = [n for n in _leading_imports(tree) if not _is_future(n)]
    section = _section(entry.module, local)
    key = (bool(entry.name), entry.module)
    statement = _statement(entry) + "\n"

    def place(node: ast.Import | ast.ImportFrom) -> tuple[int, tuple[bool, str]]:
        if isinstance(node, ast.Import):
            return _section(node.names[0].name, local), (False, node.names[0].name)
        return (3 if node.level else _section(node.module or "", local)), (True, node.module or "")

    same = [n for n in present if place(n)[0] == section]
    if same:
        after = [n for n in same if place(n)[1] <= key]
        if after:
            index = after[-1].end_lineno or after[-1].lineno
        else:
            index = same[0].lineno - 1
        return "".join([*lines[:index], statement, *lines[index:]])
    before = [n for n in present if place(n)[0] < section]
    if before:
        index = before[-1].end_lineno or before[-1].lineno
        gap = [] if index == len(lines) else (["\n"] if lines[index].strip() else [])
        return "".join([*lines[:index], "\n", statement, *gap, *lines[index:]])
    if present:
        index = present[0].lineno - 1
        return "".join([*lines[:index], statement, "\n", *lines[index:]])
    index = _after_header(tree, lines)
    rest = lines[index:]
    while rest and not rest[0].strip():
        rest = rest[1:]
    head = [*lines[:index], *(["\n"] if index else [])]
    return "".join([*head, statement, *(["\n\n", *rest] if rest else [])])


def _after_header(tree: ast.Module, lines: Sequence[str]) -> int:
    """Index of the line after the docstring, `__future__` imports and the comments that open the file."""
    index = 0
    for number, node in enumerate(tree.body):
        docstring = (
            number == 0
            and isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        )
        if not docstring and not _is_future(node):
            break
        index = node.end_lineno or node.lineno
    if not index:
        while index < len(lines) and lines[index].startswith("#"):
            index += 1
    return index


def _leading_imports(tree: ast.Module) -> list[ast.Import | ast.ImportFrom]:
    """Imports of the top level before anything else is done."""
    found: list[ast.Import | ast.ImportFrom] = []
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            found.append(node)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            break
    return found


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _section(module: str, local: frozenset[str]) -> int:
    top = module.partition(".")[0]
    if top in local:
        return 2
    return 0 if top in sys.stdlib_module_names else 1


def _order(name: str) -> tuple[int, str]:
    """isort's: constants, classes, then the rest."""
    bare = name.partition(" ")[0]
    if bare.isupper() and len(bare) > 1:
        return 0, name
    return (1 if bare[:1].isupper() else 2), name


def _imported(entry: Import) -> str:
    return entry.name + (f" as {entry.alias}" if entry.alias else "")


def _statement(entry: Import) -> str:
    if entry.name:
        return f"from {entry.module} import {_imported(entry)}"
    return f"import {entry.module}" + (f" as {entry.alias}" if entry.alias else "")


def _from(module: str, names: Sequence[str], line_length: int, multiline: bool = False) -> str:
    line = f"from {module} import {', '.join(names)}"
    if len(line) <= line_length and not multiline:
        return line
    return f"from {module} import (\n" + "".join(f"    {name},\n" for name in names) + ")"

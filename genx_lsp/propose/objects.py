"""Instances of classes: members of enums, what docstrings show, calls of constructors, and stand-ins."""

from __future__ import annotations

import ast
from collections.abc import Callable

from genx_lsp.propose.examples import constructions
from genx_lsp.propose.expressions import Argument, distinct, interleave, join
from genx_lsp.propose.fields import (
    Field,
    compared_with,
    constructed_with,
    constructor_parameters,
    is_abstract,
    is_text,
    public_names,
)
from genx_lsp.propose.literals import calls_of, constructor_texts
from genx_lsp.propose.views import View, spelling

DEPTH = 6
"""Types within types, as deep as they are followed."""
_SHOWN = 6
"""Ways to make an object taken from the examples of its module."""
_STAND_INS = 3

Values = Callable[[ast.expr, View, int], list[Argument]]
"""Expressions for an annotation in a view, so deep within others."""


class Objects:
    """Makes instances of the classes of one module and of those it imports from."""

    def __init__(self, home: View, values: Values) -> None:
        self._home = home
        self._values = values

    def instances(self, text: str, view: View, depth: int) -> list[Argument]:
        """Ways to make an instance of a class defined in the view or imported into it from the project."""
        found = view.find_class(text)
        where = view
        if found is None:
            there = view.imported_from(text)
            if there is None:
                return []
            where, name = there
            found = where.find_class(name)
            if found is None:
                return (where is not view and self.instances(name, where, depth + 1)) or []
        spelled, setup = spelling(self._home, text, view, f"from {where.module} import {found.name}")
        return self._construct(found, where, Argument(spelled, setup), depth)

    def _construct(self, node: ast.ClassDef, view: View, spelled: Argument, depth: int) -> list[Argument]:
        """Expressions that make an instance of a class: enum members, or calls of its constructor."""
        bases = {ast.unparse(b).rpartition(".")[2].partition("[")[0] for b in node.bases}
        if bases & {"Enum", "IntEnum", "StrEnum", "Flag", "IntFlag"}:
            members = [
                t.id
                for s in node.body
                if isinstance(s, ast.Assign)
                for t in s.targets
                if isinstance(t, ast.Name)
            ]
            return [Argument(f"{spelled.text}.{m}", spelled.setup) for m in members if not m.startswith("_")]
        if "Protocol" in bases or is_abstract(node):
            return self._stand_ins(node, view, depth, is_protocol="Protocol" in bases)
        shown = [Argument(t, spelled.setup) for t in constructions(view.source, spelled.text)][:_SHOWN]
        fields = constructor_parameters(node, view)
        if fields is None:
            # What its constructor takes is not to be seen; many take nothing.
            return shown or [Argument(f"{spelled.text}()", spelled.setup)]
        keyword = "TypedDict" in bases
        columns: list[tuple[str, list[Argument]]] = []
        texts = [Argument(text) for text in constructor_texts(node, view)]
        for index, field in enumerate(fields):
            annotation = field.annotation
            made = self._values(annotation, view, depth + 1) if annotation is not None else []
            if annotation is not None and is_text(annotation):
                made = distinct([*texts, *made])
            made = made or self._passed(node, index, field)
            held = [Argument(text) for text in compared_with(node, field.name)]
            made = distinct([*made[:1], *held, *made[1:]])
            if not made and field.optional:
                continue
            if not made:
                return shown
            skipped = bool(columns) and len(columns) < index
            columns.append((f"{field.name}=" if keyword or field.keyword or skipped else "", made))
        if not columns:
            return [Argument(f"{spelled.text}()", spelled.setup)]
        required = sum(not field.optional for field in fields)
        rows = shown
        for index in range(min(6, max(len(c) for _, c in columns))):
            width = len(columns) if index % 2 or required == 0 else required
            chosen = [(prefix, c[index % len(c)]) for prefix, c in columns[:width]]
            arguments = [Argument(prefix + a.text, a.setup) for prefix, a in chosen]
            row = join(arguments, f"{spelled.text}(", ")")
            rows.append(Argument(row.text, spelled.setup + row.setup))
        return rows

    def _stand_ins(self, node: ast.ClassDef, view: View, depth: int, *, is_protocol: bool) -> list[Argument]:
        """Objects of the classes beside an abstract one that are made of it, or have all that it asks for."""
        wanted = public_names(node)
        found = []
        for other in (s for s in view.tree.body if isinstance(s, ast.ClassDef) and s is not node):
            bases = {ast.unparse(base).partition("[")[0] for base in other.bases}
            fits = node.name in bases or (is_protocol and wanted and wanted <= public_names(other))
            if fits and "Protocol" not in bases and not is_abstract(other):
                found.append(self.instances(other.name, view, depth + 1))
        return list(interleave(found[:_STAND_INS])) if depth < DEPTH else []

    def _passed(self, node: ast.ClassDef, position: int, field: Field) -> list[Argument]:
        """Constants of the home module for a parameter of which no value can be made up: those that it passes
        where it makes such an object itself, and those that are annotated with the same contents."""
        passed = (
            constructed_with(call, position, field.name) for call in calls_of(node.name, self._home.tree)
        )
        names = [value.id for value in passed if isinstance(value, ast.Name)]
        if isinstance(field.annotation, ast.Subscript):
            held = ast.unparse(field.annotation.slice)
            names += [
                s.target.id
                for s in self._home.tree.body
                if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name)
                if isinstance(s.annotation, ast.Subscript) and ast.unparse(s.annotation.slice) == held
            ]
        return [Argument(text) for text in dict.fromkeys(names) if text in self._home.names]

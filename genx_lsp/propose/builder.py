"""From an annotation to expressions that make such values, best first."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from genx_lsp.propose.examples import constructions
from genx_lsp.propose.fields import (
    Field,
    compared_with,
    constructed_with,
    constructor_parameters,
    is_abstract,
    public_names,
)
from genx_lsp.propose.formats import SAMPLES, dated, written
from genx_lsp.propose.keys import parse_expression
from genx_lsp.propose.literals import calls_of, constructor_texts
from genx_lsp.propose.naming import BUILTINS
from genx_lsp.propose.type_values import IMPORTED, ITERATORS, MAPPINGS, SCALARS, SEQUENCES, SETS, TRANSPARENT
from genx_lsp.propose.views import View

_DEPTH = 6
_SHOWN = 6
"""Ways to make an object taken from the examples of its module."""
_STAND_INS = 3
_POOL = 14
"""Values kept a type; pairs of longer pools would crowd out everything else."""


@dataclass(frozen=True)
class Argument:
    """An expression and the imports it needs beyond the module's own names."""

    text: str
    setup: tuple[str, ...] = ()


class Builder:
    """Makes values for the annotations of one module and of those it imports from."""

    def __init__(self, home: View) -> None:
        self.home = home
        self._made: dict[tuple[str, str, int], list[Argument]] = {}

    def values(self, annotation: ast.expr, view: View | None = None, depth: int = 0) -> list[Argument]:
        """Expressions of that type, evaluable in the home module; none if it cannot be built."""
        view = view or self.home
        if depth > _DEPTH:
            return []
        asked = (ast.dump(annotation), view.module, depth)
        if asked not in self._made:
            # Types that contain themselves branch at every depth.
            self._made[asked] = _distinct(self._values(annotation, view, depth))[:_POOL]
        return self._made[asked]

    def _values(self, node: ast.expr, view: View, depth: int) -> Iterable[Argument]:
        if isinstance(node, ast.Constant):
            if node.value is None:
                return [Argument("None")]
            if isinstance(node.value, str):
                inner = parse_expression(node.value)
                return self.values(inner, view, depth + 1) if inner is not None else []
            return []
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return _interleave([self.values(side, view, depth) for side in _sides(node)])
        if isinstance(node, ast.Dict):
            return self._record(node, view, depth)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "text":
            return self._text(node, view, depth)
        if isinstance(node, ast.Subscript):
            return self._generic(node, view, depth)
        if isinstance(node, ast.Name):
            return self._named(node.id, node.id, view, depth)
        if isinstance(node, ast.Attribute):
            return self._named(node.attr, ast.unparse(node), view, depth)
        return []

    def _named(self, name: str, text: str, view: View, depth: int) -> Iterable[Argument]:
        made = self.instances(text, view, depth)
        if made:
            return made
        if name in SCALARS:
            return [Argument(v) for v in SCALARS[name]]
        if name in IMPORTED:
            module, shapes = IMPORTED[name]
            spelled, setup = self._spell(text, view, f"from {module} import {name}")
            return [Argument(shape.format(spelled), setup) for shape in shapes]
        if name in SEQUENCES | ITERATORS | SETS | MAPPINGS | {"tuple", "Tuple", "frozenset", "FrozenSet"}:
            item = ast.Name(id="int" if name not in MAPPINGS else "str", ctx=ast.Load())
            parts = [item, ast.Name(id="int", ctx=ast.Load())] if name in MAPPINGS else [item]
            return self._container(name, parts, view, depth)
        if name in ("Callable", "callable", "function"):
            return [Argument("lambda *args: args[0] if args else None")]
        if name == "TypeVar":
            return [Argument("1"), Argument("'a'")]
        value = view.find_value(name)
        if value is None and (there := view.imported_from(name)) is not None:
            view, value = there[0], there[0].find_value(there[1])
        if isinstance(value, ast.Call) and ast.unparse(value.func).rpartition(".")[2] in (
            "TypeVar",
            "NewType",
        ):
            return self._type_variable(value, view, depth)
        if value is not None and not isinstance(value, ast.Constant):
            return self.values(value, view, depth + 1)
        return []

    def _type_variable(self, call: ast.Call, view: View, depth: int) -> list[Argument]:
        bound = next((k.value for k in call.keywords if k.arg == "bound"), None)
        choices = [bound] if bound is not None else call.args[1:]
        found = [a for choice in choices for a in self.values(choice, view, depth + 1)]
        return found or [Argument(v) for v in ("1", "2", "0", "'a'", "'b'")]

    def _generic(self, node: ast.Subscript, view: View, depth: int) -> Iterable[Argument]:
        name = ast.unparse(node.value).rpartition(".")[2]
        parts = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
        if name == "Optional":
            return _interleave([self.values(parts[0], view, depth), [Argument("None")]])
        if name == "Union":
            return _interleave([self.values(part, view, depth) for part in parts])
        if name == "Literal":
            return [Argument(ast.unparse(part)) for part in parts]
        if name in TRANSPARENT:
            return self.values(parts[0], view, depth)
        if name == "Callable":
            return self._callable(parts, view, depth)
        if name in ("type", "Type"):
            return [Argument(ast.unparse(parts[0]))]
        return self._container(name, parts, view, depth)

    def _callable(self, parts: Sequence[ast.expr], view: View, depth: int) -> list[Argument]:
        result = self.values(parts[-1], view, depth + 1) if len(parts) > 1 else []
        members = self._members(parts, view)
        if members:
            return members
        takes = len(parts[0].elts) if isinstance(parts[0], ast.List) else None
        names = ", ".join("xyzuvw"[:takes]) if takes is not None and takes <= 6 else "*args"
        first = names[:1] if takes else ("args[0]" if takes is None else "None")
        made = [Argument(f"lambda {names}: {first}".replace("lambda :", "lambda:"))]
        made += [
            Argument(f"lambda {names}: {a.text}".replace("lambda :", "lambda:"), a.setup) for a in result[:2]
        ]
        return made if takes or not result else made[1:]

    def _members(self, parts: Sequence[ast.expr], view: View) -> list[Argument]:
        """Functions of an object that give what it has of the type that is wanted: `lambda x: x.price`."""
        takes = parts[0].elts if isinstance(parts[0], ast.List) else []
        node = view.find_class(ast.unparse(takes[0])) if len(takes) == 1 else None
        fields = constructor_parameters(node, view) if node is not None else None
        wanted = ast.unparse(parts[-1])
        return [
            Argument(f"lambda x: x.{field.name}")
            for field in fields or ()
            if wanted in ("Any", "object") or (field.annotation and ast.unparse(field.annotation) == wanted)
        ]

    def _container(self, name: str, parts: Sequence[ast.expr], view: View, depth: int) -> list[Argument]:
        if name in MAPPINGS and len(parts) == 2:
            return self._mapping(parts, view, depth)
        if name in ("tuple", "Tuple") and not (
            len(parts) == 2 and isinstance(parts[1], ast.Constant) and parts[1].value is Ellipsis
        ):
            columns = [self.values(part, view, depth + 1) for part in parts]
            if not columns:
                return [Argument("()")]
            if not all(columns):
                return []
            # The most typical of each first; after that, members of one type differ: it shows which is read.
            longest = max(map(len, columns))
            rows = [
                [c[(i + at if i else 0) % len(c)] for at, c in enumerate(columns)] for i in range(longest)
            ]
            return [_join(row, "(", ",)" if len(row) == 1 else ")") for row in rows]
        items = self.values(parts[0], view, depth + 1) if parts else []
        if not items:
            return []
        rows = _rows(items)
        if name in SEQUENCES or name == "deque":
            return [_join(row, "[", "]") for row in rows]
        if name in ITERATORS:
            return [_join(row, "iter([", "])") for row in rows]
        if name in SETS:
            return [_join(row, "{", "}") if row else Argument("set()") for row in rows]
        if name in ("frozenset", "FrozenSet"):
            return [_join(row, "frozenset({", "})") if row else Argument("frozenset()") for row in rows]
        if name in ("tuple", "Tuple"):
            return [_join(row, "(", ",)" if len(row) == 1 else ")") for row in rows]
        if name == "Counter":
            spelled, setup = self._spell(name, view, "from collections import Counter")
            return [
                Argument(f"{spelled}({a.text})", setup + a.setup) for a in (_join(r, "[", "]") for r in rows)
            ]
        return []

    def _mapping(self, parts: Sequence[ast.expr], view: View, depth: int) -> list[Argument]:
        keys = self.values(parts[0], view, depth + 1)
        values = self.values(parts[1], view, depth + 1)
        if not keys or not values:
            return []
        made = []
        for size in (2, 0, 1, 3):
            pairs = [
                Argument(f"{keys[i % len(keys)].text}: {values[i % len(values)].text}",
                         keys[i % len(keys)].setup + values[i % len(values)].setup)
                for i in range(min(size, len(keys)))
            ]  # fmt: skip
            made.append(_join(pairs, "{", "}"))
        return made

    def _record(self, node: ast.Dict, view: View, depth: int) -> list[Argument]:
        """Dictionaries of these keys; `NotRequired` ones are there in every other."""
        columns: list[tuple[str, list[Argument], bool]] = []
        for key, kind in zip(node.keys, node.values, strict=True):
            spare = isinstance(kind, ast.Subscript) and ast.unparse(kind.value) == "NotRequired"
            inner = kind.slice if isinstance(kind, ast.Subscript) and spare else kind
            values = self.values(inner, view, depth + 1)
            if key is None or not (values or spare):
                return []
            if values:
                columns.append((ast.unparse(key), values, spare))
        made = []
        for index in range(max((len(values) for _, values, _ in columns), default=0)):
            some = [column for column in columns if not column[2] or not index % 2]
            pairs = [values[index % len(values)] for _, values, _ in some]
            entries = [
                Argument(f"{key}: {p.text}", p.setup) for (key, _, _), p in zip(some, pairs, strict=True)
            ]
            made.append(_join(entries, "{", "}"))
        return made

    def _text(self, node: ast.Call, view: View, depth: int) -> list[Argument]:
        """Texts of a format; see `formats`."""
        kind, *options = (ast.literal_eval(arg) for arg in node.args[:2])
        if len(node.args) < 3:
            found = dated(options[0]) if kind == "strptime" else SAMPLES[kind]
        else:
            values = []
            for made in self.values(node.args[2], view, depth + 1):
                try:
                    values.append(ast.literal_eval(made.text))
                except ValueError:
                    continue  # Not a literal, so nothing that a text can hold.
            if kind == "file":
                return self._file(options[0], [v for v in values if isinstance(v, str)], view)
            found = written(kind, options[0], values)
        return [Argument(repr(text)) for text in found]

    def _file(self, mode: str, texts: list[str], view: View) -> list[Argument]:
        """Open files that hold texts."""
        name = "BytesIO" if mode == "b" else "StringIO"
        spelled, setup = self._spell(name, view, f"from io import {name}")
        held = [text.encode() if mode == "b" else text for text in texts]
        return [Argument(f"{spelled}({content!r})", setup) for content in held]

    def instances(self, text: str, view: View | None = None, depth: int = 0) -> list[Argument]:
        """Ways to make an instance of a class defined in the view or imported into it from the project."""
        view = view or self.home
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
        spelled, setup = self._spell(text, view, f"from {where.module} import {found.name}")
        return self.construct(found, where, Argument(spelled, setup), depth)

    def construct(self, node: ast.ClassDef, view: View, spelled: Argument, depth: int = 0) -> list[Argument]:
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
            made = self.values(annotation, view, depth + 1) if annotation is not None else []
            if annotation is not None and _is_text(annotation):
                made = _distinct([*texts, *made])
            made = made or self._passed(node, index, field)
            held = [Argument(text) for text in compared_with(node, field.name)]
            made = _distinct([*made[:1], *held, *made[1:]])
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
            row = _join(arguments, f"{spelled.text}(", ")")
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
        return list(_interleave(found[:_STAND_INS])) if depth < _DEPTH else []

    def _passed(self, node: ast.ClassDef, position: int, field: Field) -> list[Argument]:
        """Constants of the home module for a parameter of which no value can be made up: those that it passes
        where it makes such an object itself, and those that are annotated with the same contents."""
        passed = (
            constructed_with(call, position, field.name) for call in calls_of(node.name, self.home.tree)
        )
        names = [value.id for value in passed if isinstance(value, ast.Name)]
        if isinstance(field.annotation, ast.Subscript):
            held = ast.unparse(field.annotation.slice)
            names += [
                s.target.id
                for s in self.home.tree.body
                if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name)
                if isinstance(s.annotation, ast.Subscript) and ast.unparse(s.annotation.slice) == held
            ]
        return [Argument(text) for text in dict.fromkeys(names) if text in self.home.names]

    def _spell(self, text: str, view: View, statement: str) -> tuple[str, tuple[str, ...]]:
        """How the home module calls a name of `view`, with the import it needs where it does not have it."""
        head = text.partition(".")[0]
        mine, theirs = self.home.names.get(head), view.names.get(head)
        if mine is not None and (view.module == self.home.module or mine == theirs != ""):
            return text, ()
        if mine is not None and mine == statement:
            return text, ()
        name = text.rpartition(".")[2]
        if name in BUILTINS:
            return name, ()
        return name, (statement,)


def _sides(node: ast.expr) -> list[ast.expr]:
    """The types of a union, of which each is to have its turn."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return [*_sides(node.left), *_sides(node.right)]
    return [node]


def _is_text(annotation: ast.expr) -> bool:
    """Whether a text is among the values: `str`, `str | None`, `"str"`, but not `list[str]`."""
    if isinstance(annotation, ast.BinOp):
        return _is_text(annotation.left) or _is_text(annotation.right)
    if isinstance(annotation, ast.Subscript):
        name = ast.unparse(annotation.value).rpartition(".")[2]
        inner = annotation.slice.elts if isinstance(annotation.slice, ast.Tuple) else [annotation.slice]
        return name in {"Optional", "Union", "Annotated"} and any(map(_is_text, inner))
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        parsed = parse_expression(annotation.value)
        return parsed is not None and _is_text(parsed)
    return ast.unparse(annotation) == "str"


def _rows(items: Sequence[Argument]) -> list[list[Argument]]:
    """Contents for a collection: a few, none, one, with repeats, out of order, more."""
    few = list(items[:3])
    return [few, [], few[:1], [*few, *few[:1]], few[::-1], list(items[3:6]) or few[:2], list(items[:8])]


def _join(parts: Sequence[Argument], before: str, after: str) -> Argument:
    setup = tuple(dict.fromkeys(itertools.chain.from_iterable(p.setup for p in parts)))
    return Argument(
        before + ", ".join(p.text for p in parts) + (after if parts or after != ",)" else ")"), setup
    )


def _interleave(columns: Sequence[Sequence[Argument]]) -> list[Argument]:
    longest = itertools.zip_longest(*columns)
    return [a for row in longest for a in row if a is not None]


def _distinct(values: Iterable[Argument]) -> list[Argument]:
    return list({v.text: v for v in values}.values())

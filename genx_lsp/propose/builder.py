"""From an annotation to expressions that make such values, best first."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from genx_lsp.propose.expressions import Argument, contents, distinct, interleave, join
from genx_lsp.propose.fields import constructor_parameters
from genx_lsp.propose.formats import SAMPLES, dated, written
from genx_lsp.propose.keys import parse_expression
from genx_lsp.propose.objects import DEPTH, Objects
from genx_lsp.propose.type_values import IMPORTED, ITERATORS, MAPPINGS, SCALARS, SEQUENCES, SETS, TRANSPARENT
from genx_lsp.propose.views import View, spelling

_POOL = 14
"""Values kept a type; pairs of longer pools would crowd out everything else."""


class Builder:
    """Makes values for the annotations of one module and of those it imports from."""

    def __init__(self, home: View) -> None:
        self.home = home
        self._objects = Objects(home, self.values)
        self._made: dict[tuple[str, str, int], list[Argument]] = {}

    def values(self, annotation: ast.expr, view: View | None = None, depth: int = 0) -> list[Argument]:
        """Expressions of that type, evaluable in the home module; none if it cannot be built."""
        view = view or self.home
        if depth > DEPTH:
            return []
        asked = (ast.dump(annotation), view.module, depth)
        if asked not in self._made:
            # Types that contain themselves branch at every depth.
            self._made[asked] = distinct(self._values(annotation, view, depth))[:_POOL]
        return self._made[asked]

    def instances(self, name: str) -> list[Argument]:
        """Ways to make an instance of a class of the home module, or of one it imports from the project."""
        return self._objects.instances(name, self.home, 0)

    def _values(self, node: ast.expr, view: View, depth: int) -> Iterable[Argument]:
        if isinstance(node, ast.Constant):
            if node.value is None:
                return [Argument("None")]
            if isinstance(node.value, str):
                inner = parse_expression(node.value)
                return self.values(inner, view, depth + 1) if inner is not None else []
            return []
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return interleave([self.values(side, view, depth) for side in _sides(node)])
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
        made = self._objects.instances(text, view, depth)
        if made:
            return made
        if name in SCALARS:
            return [Argument(v) for v in SCALARS[name]]
        if name in IMPORTED:
            module, shapes = IMPORTED[name]
            spelled, setup = spelling(self.home, text, view, f"from {module} import {name}")
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
            return interleave([self.values(parts[0], view, depth), [Argument("None")]])
        if name == "Union":
            return interleave([self.values(part, view, depth) for part in parts])
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
            return [join(row, "(", ",)" if len(row) == 1 else ")") for row in rows]
        items = self.values(parts[0], view, depth + 1) if parts else []
        if not items:
            return []
        rows = contents(items)
        if name in SEQUENCES or name == "deque":
            return [join(row, "[", "]") for row in rows]
        if name in ITERATORS:
            return [join(row, "iter([", "])") for row in rows]
        if name in SETS:
            return [join(row, "{", "}") if row else Argument("set()") for row in rows]
        if name in ("frozenset", "FrozenSet"):
            return [join(row, "frozenset({", "})") if row else Argument("frozenset()") for row in rows]
        if name in ("tuple", "Tuple"):
            return [join(row, "(", ",)" if len(row) == 1 else ")") for row in rows]
        if name == "Counter":
            spelled, setup = spelling(self.home, name, view, "from collections import Counter")
            return [
                Argument(f"{spelled}({a.text})", setup + a.setup) for a in (join(r, "[", "]") for r in rows)
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
            made.append(join(pairs, "{", "}"))
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
            made.append(join(entries, "{", "}"))
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
        spelled, setup = spelling(self.home, name, view, f"from io import {name}")
        held = [text.encode() if mode == "b" else text for text in texts]
        return [Argument(f"{spelled}({content!r})", setup) for content in held]


def _sides(node: ast.expr) -> list[ast.expr]:
    """The types of a union, of which each is to have its turn."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return [*_sides(node.left), *_sides(node.right)]
    return [node]

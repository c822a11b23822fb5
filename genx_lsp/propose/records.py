"""What a dictionary, a list of dictionaries or an unpacked tuple holds, read off what the code asks of it.

`order["lines"]` that is looped over, and `line["price"] * line["quantity"]` in the loop, make
`{'lines': list[{'price': int, 'quantity': int}]}`: a dict display as a type, `NotRequired` where the code
asks whether there is such a key. A place is what was passed, or a part of a place: an item, a key's value,
one of a tuple's members.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from genx_lsp.propose.guessing import FILLED, by_name, uses
from genx_lsp.propose.keys import parse_definition, parse_expression
from genx_lsp.propose.type_values import UNKNOWN_TYPE
from genx_lsp.target import Parameter, Target

_DEEPEST = 5
_MOST_KEYS = 12
_PASSES = 3
"""So often is the code read for names of places: each time those of the time before are known."""
_LONGEST_TUPLE = 6
_VAGUE = {"", "value", "key", "item", "data", "result"}
_ITEM = "[]"
_VALUE = "{}"
_OPEN = {
    "",
    "Any",
    "object",
    "dict",
    "Dict",
    "Mapping",
    "MutableMapping",
    "list",
    "List",
    "Sequence",
    "Iterable",
}
"""What an annotation may be made of for the code to be asked what it leaves open."""

Place = tuple[str | int, ...]
"""Steps from what was passed: `_ITEM`, any key's `_VALUE`, a key after "key ", the number of a member."""


@dataclass
class _Reading:
    """Which names stand for which places, and which keys are asked for how."""

    names: dict[str, Place]
    needed: dict[Place, dict[str, None]] = field(default_factory=dict)
    optional: dict[Place, dict[str, None]] = field(default_factory=dict)
    kinds: dict[Place, dict[str, None]] = field(default_factory=dict)
    """Types that `isinstance` asks for."""
    members: dict[Place, int] = field(default_factory=dict)
    held: str = ""
    """What the annotation says that all keys hold."""

    def place(self, node: ast.AST) -> Place | None:
        """The place that an expression reads, None for others."""
        if isinstance(node, ast.Name):
            return self.names.get(node.id)
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            return self._below(node.value, node.slice.value)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
            key = node.args[0] if node.args else None
            if isinstance(key, ast.Constant):
                return self._below(node.func.value, key.value)
            above = self.place(node.func.value)
            return (*above, _VALUE) if above is not None and len(above) < _DEEPEST else None
        if _is_call(node, "dict", "list", "copy", "deepcopy") and isinstance(node, ast.Call) and node.args:
            return self.place(node.args[0])
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
            return self.place(node.values[0])
        return None

    def _below(self, node: ast.expr, key: object) -> Place | None:
        above = self.place(node)
        if above is None or len(above) >= _DEEPEST or isinstance(key, bool):
            return None
        if isinstance(key, str):
            return (*above, f"key {key}")
        return (*above, _ITEM) if isinstance(key, int) else None


def record_annotation(parameter: Parameter, target: Target) -> str:
    """An annotation that names keys or members; empty where the code names none, or the type says it all."""
    tree = parse_definition(target.source)
    if tree is None or not _is_open(parameter.annotation):
        return ""
    reading = _Reading({parameter.name: ()}, held="str" if _holds_texts(parameter.annotation) else "")
    for _ in range(_PASSES):
        known = len(reading.names)
        for node in ast.walk(tree):
            _name(node, reading)
        if len(reading.names) == known:
            break
    for node in ast.walk(tree):
        _ask(node, reading)
    told = _annotation((), tree, reading)
    return told if "{" in told or _is_told((_VALUE,), reading) else ""


def _is_open(annotation: str) -> bool:
    parsed = parse_expression(annotation) if annotation else None
    if isinstance(parsed, ast.Constant) and isinstance(parsed.value, str):
        parsed = parse_expression(parsed.value)
    if parsed is None:
        return not annotation
    names = {
        ast.unparse(n).rpartition(".")[2]
        for n in ast.walk(parsed)
        if isinstance(n, (ast.Name, ast.Attribute))
    }
    return bool(names & (_OPEN - {"str"})) and names <= _OPEN | {
        "str",
        "typing",
        "collections",
        "abc",
        "None",
        "t",
    }


def _holds_texts(annotation: str) -> bool:
    """`dict[str, str]`, or a list of such."""
    tree = parse_expression(annotation) if annotation else None
    parts = (n.slice for n in ast.walk(tree) if isinstance(n, ast.Subscript)) if tree is not None else ()
    pairs = [part.elts for part in parts if isinstance(part, ast.Tuple)]
    return any(len(pair) == 2 and ast.unparse(pair[1]) == "str" for pair in pairs)


def _name(node: ast.AST, reading: _Reading) -> None:
    """Names for places: assignments, loops, unpacking."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        _bind(node.targets[0], reading.place(node.value), reading)
    elif isinstance(node, ast.NamedExpr):
        _bind(node.target, reading.place(node.value), reading)
    elif isinstance(node, (ast.For, ast.comprehension)):
        looped, step, target = _looped(node.iter), _ITEM, node.target
        if isinstance(looped, ast.Call) and isinstance(looped.func, ast.Attribute) and not looped.args:
            if looped.func.attr == "items" and isinstance(target, ast.Tuple) and len(target.elts) == 2:
                target = target.elts[1]
            elif looped.func.attr != "values":
                return
            looped, step = looped.func.value, _VALUE
        place = reading.place(looped)
        if place is None or len(place) >= _DEEPEST:
            return
        if _is_call(node.iter, "enumerate") and isinstance(target, ast.Tuple) and len(target.elts) == 2:
            target = target.elts[1]
        _bind(target, (*place, step), reading)


def _looped(node: ast.expr) -> ast.expr:
    """What a loop goes over, `sorted(x)` and `enumerate(x)` being `x`."""
    while (
        isinstance(node, ast.Call) and node.args and _is_call(node, "enumerate", "sorted", "reversed", "list")
    ):
        node = node.args[0]
    return node


def _is_call(node: ast.AST, *names: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names


def _bind(target: ast.expr, place: Place | None, reading: _Reading) -> None:
    if place is None:
        return
    if isinstance(target, ast.Name):
        # The first meaning of a name counts: `first = first or {}`.
        reading.names.setdefault(target.id, place)
        return
    parts = target.elts if isinstance(target, ast.Tuple) and len(place) < _DEEPEST else []
    if 0 < len(parts) <= _LONGEST_TUPLE and all(isinstance(part, ast.Name) for part in parts):
        reading.members[place] = len(parts)
        for number, part in enumerate(parts):
            _bind(part, (*place, number), reading)


def _ask(node: ast.AST, reading: _Reading) -> None:
    """Keys and types that the code asks for."""
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        above, key = reading.place(node.value), node.slice.value
        if above is not None and isinstance(key, str) and isinstance(node.ctx, ast.Load):
            reading.needed.setdefault(above, {})[key] = None
    elif isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.In, ast.NotIn)):
        above = reading.place(node.comparators[0])
        if above is not None and isinstance(node.left, ast.Constant) and isinstance(node.left.value, str):
            reading.optional.setdefault(above, {})[node.left.value] = None
    elif isinstance(node, ast.Call) and ast.unparse(node.func) == "isinstance" and len(node.args) == 2:
        above, kinds = reading.place(node.args[0]), node.args[1]
        names = kinds.elts if isinstance(kinds, ast.Tuple) else [kinds]
        if above is not None:
            reading.kinds.setdefault(above, {}).update(dict.fromkeys(map(ast.unparse, names)))
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
        above, first = reading.place(node.func.value), node.args[0]
        asks = node.func.attr in ("get", "pop", "setdefault")
        if above is not None and asks and isinstance(first, ast.Constant) and isinstance(first.value, str):
            reading.optional.setdefault(above, {})[first.value] = None


def _annotation(place: Place, tree: ast.AST, reading: _Reading) -> str:
    asked = reading.kinds.get(place, {})
    parts: dict[str, str] = {}
    keys = {**reading.needed.get(place, {}), **reading.optional.get(place, {})}
    if keys and ("str" not in asked or "dict" in asked):
        parts["dict"] = _record(place, list(keys)[:_MOST_KEYS], tree, reading)
    if place in reading.members and (not asked or asked.keys() & {"tuple", "list"}):
        members = [_annotation((*place, n), tree, reading) for n in range(reading.members[place])]
        parts["tuple"] = f"tuple[{', '.join(members)}]"
    held = (*place, _ITEM)
    if not parts and _is_told(held, reading) and (inner := _annotation(held, tree, reading)):
        parts["list"] = f"list[{inner}]"
    held = (*place, _VALUE)
    if not parts and _is_told(held, reading):
        parts["dict"] = f"dict[str, {_annotation(held, tree, reading)}]"
    if asked and place[-1:] == (_VALUE,):
        # Of many values some are of the kind that is asked for.
        asked = {**asked, "int": None}
    if asked:
        return " | ".join(dict.fromkeys(parts.get(kind, FILLED.get(kind, kind)) for kind in asked))
    return next(iter(parts.values()), "") or _plain(place, tree, reading)


def _is_told(place: Place, reading: _Reading) -> bool:
    """Whether the code asks anything of a place or of what is in it."""
    tables = (reading.needed, reading.optional, reading.kinds, reading.members)
    return any(known[: len(place)] == place for table in tables for known in table)


def _record(place: Place, keys: list[str], tree: ast.AST, reading: _Reading) -> str:
    optional = reading.optional.get(place, {})
    entries = []
    for key in keys:
        inner = _annotation((*place, f"key {key}"), tree, reading)
        entries.append(f"{key!r}: {f'NotRequired[{inner}]' if key in optional else inner}")
    return "{" + ", ".join(entries) + "}"


def _plain(place: Place, tree: ast.AST, reading: _Reading) -> str:
    """The type that use speaks for, then the key's name, then the default that the code has for it."""
    if reading.held and place:
        return reading.held
    used = uses(tree, lambda node: reading.place(node) == place)
    if used:
        return used[0]
    last = str(place[-1]) if place else ""
    key = last.removeprefix("key ") if last.startswith("key ") else ""
    default = next(_defaults(place, tree, reading), "")
    named = by_name(key) if key not in _VAGUE else ""
    return default or named or ("str | int" if place else UNKNOWN_TYPE)


def _defaults(place: Place, tree: ast.AST, reading: _Reading) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and len(node.args) == 2 and reading.place(node) == place:
            default = node.args[1]
            value = default.value if isinstance(default, ast.Constant) else None
            if isinstance(value, (bool, int, float, str)):
                yield type(value).__name__
            elif isinstance(default, (ast.List, ast.Tuple)):
                yield "list[int]"

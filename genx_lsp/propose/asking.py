"""What the code asks of the parts of what was passed: keys, types, formats, how texts are taken apart."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from genx_lsp.propose.folding import folded_text
from genx_lsp.propose.formats import NUMBERS, SAMPLES
from genx_lsp.propose.places import CUTS, DEEPEST, ENTRIES, ITEM, VALUE, Place, Reading
from genx_lsp.propose.views import View

_PASSES = 3
"""So often is the code read for names of places: each time those of the time before are known."""
_LONGEST_TUPLE = 6
_STRPTIME = ("datetime.datetime.strptime", "time.strptime")


def read(tree: ast.AST, reading: Reading) -> None:
    """Find all that the code says."""
    reading.values.update(reversed(list(_values(tree))))
    for _ in range(_PASSES):
        known = len(reading.names) + len(reading.lists)
        for node in ast.walk(tree):
            _name(node, reading)
        if len(reading.names) + len(reading.lists) == known:
            break
    for node in ast.walk(tree):
        _ask(node, reading)


def _values(tree: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, node.value
        elif isinstance(node, ast.FunctionDef) and node.args.defaults:
            named = node.args.args[-len(node.args.defaults) :]
            yield from ((a.arg, value) for a, value in zip(named, node.args.defaults, strict=False))


def _name(node: ast.AST, reading: Reading) -> None:
    """Names for places: assignments, loops, unpacking, and parsers that are given a text."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target, place = node.targets[0], reading.place(node.value)
        if place is not None:
            _bind(_without_separator(target, node.value), place, reading)
        elif isinstance(target, ast.Name) and (items := reading.items(node.value)) is not None:
            reading.lists.setdefault(target.id, items)
    elif isinstance(node, ast.NamedExpr):
        _bind(node.target, reading.place(node.value), reading)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
        if node.func.attr in ("read_string", "read_file") and isinstance(node.func.value, ast.Name):
            _bind(node.func.value, reading.below(reading.place(node.args[0]), "as ini "), reading)
    elif isinstance(node, (ast.For, ast.comprehension)):
        looped, step, target = _looped(node.iter), ITEM, node.target
        func = looped.func if isinstance(looped, ast.Call) and not looped.args else None
        if isinstance(func, ast.Attribute) and func.attr in ("items", "values"):
            looped, step = func.value, VALUE
            if func.attr == "items" and isinstance(target, ast.Tuple) and len(target.elts) == 2:
                target = target.elts[1]
        place = reading.items(looped) if step is ITEM else reading.below(reading.place(looped), step)
        if _is_call(node.iter, "enumerate") and isinstance(target, ast.Tuple) and len(target.elts) == 2:
            target = target.elts[1]
        _bind(target, place, reading)


def _looped(node: ast.expr) -> ast.expr:
    """What a loop goes over, `sorted(x)` and `enumerate(x)` being `x`."""
    while (
        isinstance(node, ast.Call) and node.args and _is_call(node, "enumerate", "sorted", "reversed", "list")
    ):
        node = node.args[0]
    return node


def _is_call(node: ast.AST, *names: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names


def _without_separator(target: ast.expr, value: ast.expr) -> ast.expr:
    """`head, tail` for `head, _, tail = text.partition(":")`: what stood between them is known."""
    func = value.func if isinstance(value, ast.Call) else None
    if not isinstance(func, ast.Attribute) or func.attr not in CUTS:
        return target
    if not isinstance(target, ast.Tuple) or len(target.elts) != 3:
        return target
    return ast.Tuple([target.elts[0], target.elts[2]], ast.Store())


def _bind(target: ast.expr, place: Place | None, reading: Reading) -> None:
    """Let a target of an assignment stand for a place, those that it is unpacked into for its members."""
    if place is None:
        return
    if isinstance(target, ast.Name):
        # The first meaning of a name counts: `first = first or {}`.
        reading.names.setdefault(target.id, place)
        return
    parts = target.elts if isinstance(target, ast.Tuple) and len(place) < DEEPEST else []
    if 0 < len(parts) <= _LONGEST_TUPLE and all(isinstance(part, ast.Name) for part in parts):
        reading.members[place] = len(parts)
        for number, part in enumerate(parts):
            _bind(part, (*place, number), reading)


def _ask(node: ast.AST, reading: Reading) -> None:
    """Keys, types and formats that the code asks for."""
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        place = reading.place(node)
        if place is not None and str(place[-1]).startswith("key ") and isinstance(node.ctx, ast.Load):
            reading.needed.setdefault(place[:-1], {})[str(place[-1])[4:]] = None
    elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
        reading.place(node)
    elif isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.In, ast.NotIn)):
        above = reading.place(node.comparators[0])
        if above is not None and isinstance(node.left, ast.Constant) and isinstance(node.left.value, str):
            reading.optional.setdefault(above, {})[node.left.value] = None
    elif isinstance(node, ast.Call):
        _ask_called(node, reading)


def _ask_called(node: ast.Call, reading: Reading) -> None:
    name = reading.dotted(node.func)
    if name == "isinstance" and len(node.args) == 2:
        above, kinds = reading.place(node.args[0]), node.args[1]
        names = kinds.elts if isinstance(kinds, ast.Tuple) else [kinds]
        if above is not None:
            reading.kinds.setdefault(above, {}).update(dict.fromkeys(map(ast.unparse, names)))
        return
    if name == "map" and len(node.args) == 2:
        _ask_reader(reading.dotted(node.args[0]), reading.items(node.args[1]), node, reading)
    elif node.args:
        _ask_reader(name, reading.place(node.args[0]), node, reading)
    place = reading.place(node)
    if place is None or not isinstance(node.func, ast.Attribute) or not node.args:
        _ask_loosely(node, reading)
        return
    made = ENTRIES.get(node.func.attr, "")
    if made == "bool":
        reading.readers.setdefault(place, {})["Literal['yes', 'no']"] = None
    elif made:
        reading.numbers.setdefault(place, made)
    may_lack = node.func.attr == "get" and not reading.within(place, "ini")
    for at in range(len(reading.place(node.func.value) or ()), len(place)):
        step = str(place[at])
        if step.startswith("key "):
            asked = reading.optional if may_lack else reading.needed
            asked.setdefault(place[:at], {})[step[4:]] = None


def _ask_loosely(node: ast.Call, reading: Reading) -> None:
    """`pop` and `setdefault` of a key."""
    if isinstance(node.func, ast.Attribute) and node.func.attr in ("pop", "setdefault") and node.args:
        above, first = reading.place(node.func.value), node.args[0]
        if above is not None and isinstance(first, ast.Constant) and isinstance(first.value, str):
            reading.optional.setdefault(above, {})[first.value] = None


def _ask_reader(name: str, place: Place | None, node: ast.Call, reading: Reading) -> None:
    """What a function that is given the place takes."""
    if place is None:
        return
    if name in NUMBERS:
        reading.numbers.setdefault(place, NUMBERS[name])
        return
    told = ""
    if name in SAMPLES:
        told = f"text({name!r})"
    elif name in _STRPTIME and len(node.args) == 2:
        pattern = folded_text(node.args[1], reading.value_of)
        told = f"text('strptime', {pattern!r})" if pattern else ""
    else:
        told = " | ".join(_members(name, reading.view))
    if told:
        reading.readers.setdefault(place, {})[told] = None


def _members(name: str, view: View) -> Iterator[str]:
    """Values of an enumeration that is made of what it is given, as types."""
    found = view.find_class(name)
    if found is None and (there := view.imported_from(name)) is not None:
        found = there[0].find_class(there[1])
    if found is None or not any(ast.unparse(base).endswith(("Enum", "Flag")) for base in found.bases):
        return
    for statement in found.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant):
            yield f"Literal[{statement.value.value!r}]"

"""What a dictionary, a list of these, an unpacked tuple or a text holds, read off what the code asks of it.

`order["lines"]` that is looped over, and `line["price"] * line["quantity"]` in the loop, make
`{'lines': list[{'price': int, 'quantity': int}]}`: a dict display as a type, `NotRequired` where the code
asks whether there is such a key. Where these are parts of what a reader makes of a text, they stand within
the text's format: `text('json', '', {...})`, see `formats`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from genx_lsp.discovery import function_beside, parameters_of
from genx_lsp.propose.asking import read
from genx_lsp.propose.formats import STREAMS
from genx_lsp.propose.guessing import FILLED, by_name, guess_annotation, uses
from genx_lsp.propose.keys import parse_definition, parse_expression
from genx_lsp.propose.literals import constants_named
from genx_lsp.propose.places import ITEM, VALUE, Place, Reading
from genx_lsp.propose.type_values import UNKNOWN_TYPE
from genx_lsp.propose.views import View
from genx_lsp.target import Parameter, Target

_DEEPEST_CALL = 2
_HELPERS = 4
"""Functions looked at that a parameter is handed on to: who hands it to a hundred says little of it."""
_MOST_KEYS = 12
_MOST_HEADERS = 30
_HEADERS = 4
_HEADER = re.compile(r"[A-Za-z][A-Za-z-]+")
_USUAL = {
    "json": "dict[str, int]",
    "toml": "dict[str, int]",
    "csv": "list[{'a': str, 'b': int}]",
    "rows": "list[tuple[str, int, int]]",
    "ini": "{'abc': {'a': str, 'b': int}}",
    "mail": "{'Subject': str, 'From': str}",
    "xml": "{'a': list[str]}",
    "query": "{'a': str, 'b': int}",
}
"""What a document holds where the code does not say."""
_VAGUE = {"", "value", "key", "item", "data", "result"}
_COLLECTIONS = {
    "dict",
    "Dict",
    "Mapping",
    "MutableMapping",
    "list",
    "List",
    "Sequence",
    "Iterable",
}
_OPEN = {"", "Any", "object", *_COLLECTIONS}
"""What an annotation may be made of for the code to be asked what it leaves open."""

_BESIDE = {"str", "typing", "collections", "abc", "None", "t"}
_TEXTS = {"str", "bytes", "AnyStr", "int", "None", "Optional", "Union", "typing", "t"}
"""What the annotation of a text may be made of, or of a number that an enumeration is made of."""


def record_annotation(parameter: Parameter, target: Target, view: View, depth: int = 0) -> str:
    """An annotation that names keys, members or formats of texts.

    What is handed on to a function of the module is what that one asks for. Empty where the code asks for
    nothing, or where the parameter's own annotation says it all.
    """
    try:
        told = _told(parameter, target, view)
    except RecursionError:  # A chain of hundreds of calls.
        return ""
    if told or depth >= _DEEPEST_CALL:
        return told
    for node, other in islice(_handed_on(parameter, target, view), _HELPERS):
        told = record_annotation(
            replace(other, annotation=parameter.annotation), function_beside(node, target), view, depth + 1
        )
        if told:
            return told
    return ""


def _handed_on(
    parameter: Parameter, target: Target, view: View
) -> Iterator[tuple[ast.FunctionDef, Parameter]]:
    """Functions of the module that are called with the parameter as it is, and what it is to them."""
    tree = parse_definition(target.source)
    functions = {
        s.name: s for s in view.tree.body if isinstance(s, ast.FunctionDef) and s.name != target.name
    }
    for call in ast.walk(tree) if tree is not None else ():
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in functions:
            node = functions[call.func.id]
            for given, other in zip(call.args, parameters_of(node, "function"), strict=False):
                if isinstance(given, ast.Name) and given.id == parameter.name:
                    yield node, other


def _told(parameter: Parameter, target: Target, view: View) -> str:
    tree = parse_definition(target.source)
    names = _names(parameter.annotation)
    is_open = not names or bool(names & (_OPEN - {"str"}) and names <= _OPEN | _BESIDE)
    is_file = bool(names & STREAMS)
    if tree is None or not (is_open or is_file or names <= _TEXTS):
        return ""
    reading = Reading(view, {parameter.name: ()}, is_file)
    read(tree, reading)
    held = "str" if _holds_texts(parameter.annotation) else ""
    mode = "b" if names & {"BinaryIO", "BufferedReader", "bytes"} else ""
    told = _Writer(tree, reading, held, mode).annotation(())
    if is_file:
        return told if told.startswith("text('file'") else f"text('file', {mode!r}, str)"
    if not is_open:
        return told if told.startswith(("text(", "Literal[")) else ""
    if told.startswith("text(") and names & _COLLECTIONS:
        return ""
    named = "{" in told or "text(" in told
    if named or reading.is_told((VALUE,)):
        return told
    if (ITEM,) in reading.kinds and () not in reading.kinds:
        # Items are asked for one type; which other types there are the rest of the code says.
        return f"{parameter.annotation or guess_annotation(parameter, target)} | {told}"
    return ""


def _names(annotation: str) -> set[str]:
    """Names that a type is made of, without those of their modules; `""` for what does not parse."""
    parsed = parse_expression(annotation) if annotation else None
    if isinstance(parsed, ast.Constant) and isinstance(parsed.value, str):
        parsed = parse_expression(parsed.value)
    if parsed is None:
        return {""} if annotation else set()
    nodes = (n for n in ast.walk(parsed) if isinstance(n, (ast.Name, ast.Attribute)))
    names = {ast.unparse(n).rpartition(".")[2] for n in nodes}
    return names | {"None" for n in ast.walk(parsed) if isinstance(n, ast.Constant) and n.value is None}


def _holds_texts(annotation: str) -> bool:
    """`list[str]`, `dict[str, str]`, or a list of such."""
    tree = parse_expression(annotation) if annotation else None
    parts = [n.slice for n in ast.walk(tree) if isinstance(n, ast.Subscript)] if tree is not None else []
    # Of keys and values the values count.
    held = [part.elts[-1] if isinstance(part, ast.Tuple) else part for part in parts]
    return any(ast.unparse(part) == "str" for part in held)


@dataclass(frozen=True)
class _Writer:
    """Writes what is known of places as annotations."""

    tree: ast.AST
    reading: Reading
    held: str = ""
    """What the parameter's annotation says that collections hold in the end."""
    mode: str = ""
    """`b` where an open file gives bytes."""

    def annotation(self, place: Place) -> str:
        formatted = self._format(place)
        if formatted:
            return formatted
        reading = self.reading
        asked = reading.kinds.get(place, {})
        parts: dict[str, str] = {}
        keys = {**reading.needed.get(place, {}), **reading.optional.get(place, {})}
        if keys and ("str" not in asked or "dict" in asked):
            parts["dict"] = self._record(place, list(keys)[:_MOST_KEYS])
        if place in reading.members and (not asked or asked.keys() & {"tuple", "list"}):
            members = [self.annotation((*place, n)) for n in range(reading.members[place])]
            parts["tuple"] = f"tuple[{', '.join(members)}]"
        held = (*place, ITEM)
        if not parts and reading.is_told(held) and (inner := self.annotation(held)):
            parts["list"] = f"list[{inner}]"
        held = (*place, VALUE)
        if not parts and reading.is_told(held):
            parts["dict"] = f"dict[str, {self.annotation(held)}]"
        if asked and place[-1:] in ((VALUE,), (ITEM,)):
            # Of many values some are of the kind that is asked for.
            asked = {**asked, "int": None}
        if asked:
            return " | ".join(dict.fromkeys(parts.get(kind, FILLED.get(kind, kind)) for kind in asked))
        return next(iter(parts.values()), "") or self._plain(place)

    def _format(self, place: Place) -> str:
        """What a text at this place looks like, by who reads it; empty where nobody does."""
        told = list(self.reading.readers.get(place, ()))
        for step in self.reading.steps.get(place, ()):
            kind, _, option = step.removeprefix("as ").partition(" ")
            inner = self.annotation((*place, step)) if self.reading.is_told((*place, step)) else ""
            if step.startswith("split "):
                told.append(f"text('split', {option!r}, {inner or 'list[str]'})")
            elif kind == "file":
                text = self._format((*place, step))
                told.append(f"text('file', {self._mode(place, step)!r}, {text or 'str'})")
            elif kind == "url" and not inner:
                told.append("text('url')")
            elif kind == "url":
                query = (*place, step, "key ?")
                asked = self.reading.steps.get(query, {})
                inner = next((self.annotation((*query, s)) for s in asked if s.startswith("as query")), "")
                told.append(f"text('url', '', {inner})" if "{" in inner else "text('url')")
            else:
                told.append(f"text({kind!r}, {option!r}, {self._fitting(kind, inner)})")
        number = self.reading.numbers.get(place, "")
        if not told and number and (not place or self.held or number not in ("int", "float")):
            told.append(f"text({number!r})")
        return " | ".join(told)

    def _mode(self, place: Place, step: str) -> str:
        """`b` where bytes are read: the code or the annotation says so."""
        below = self.reading.steps.get((*place, step), {})
        return "b" if any(s.startswith("as toml") for s in below) else self.mode

    def _fitting(self, kind: str, inner: str) -> str:
        """The parts that a document of a format has, where the code does not tell."""
        if kind in ("csv", "rows", "xml"):
            fits = inner.startswith(("list[", "{") if kind == "xml" else "list[")
        elif kind == "json":
            fits = bool(inner)
        else:
            fits = inner.startswith(("{", "dict["))
        if kind == "mail" and not fits and (headers := self._headers()):
            # A few in each, so that a test can be read.
            some = [headers[at : at + _HEADERS] for at in range(0, len(headers), _HEADERS)]
            return " | ".join("{" + ", ".join(f"{name!r}: str" for name in few) + "}" for few in some)
        return inner if fits else _USUAL[kind]

    def _headers(self) -> list[str]:
        """Keys of the tables in which the code looks up what headers there are."""
        tables = constants_named(self.tree, self.reading.view)
        keys = (key for value, _ in tables if isinstance(value, ast.Dict) for key in value.keys)
        names = (key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str))
        return [name for name in dict.fromkeys(names) if _HEADER.fullmatch(name)][:_MOST_HEADERS]

    def _record(self, place: Place, keys: list[str]) -> str:
        optional = self.reading.optional.get(place, {})
        entries = []
        for key in keys:
            inner = self.annotation((*place, f"key {key}"))
            entries.append(f"{key!r}: {f'NotRequired[{inner}]' if key in optional else inner}")
        return "{" + ", ".join(entries) + "}"

    def _plain(self, place: Place) -> str:
        """The type that use speaks for, then the key's name, then the default that the code has for it."""
        if self.held and place:
            return self.held
        number = self.reading.numbers.get(place, "")
        if number in ("int", "float"):
            return number
        last = str(place[-1]) if place else ""
        key = last.removeprefix("key ") if last.startswith("key ") else ""
        named = by_name(key) if key not in _VAGUE else ""
        used = uses(self.tree, lambda node: self.reading.place(node) == place)
        if used and (used[0] != "int" or named in ("", "int", "float")):
            return used[0]
        if used:
            # Any key of a dictionary counts as the index of a list.
            return f"{named} | {used[0]}"
        default = next(self._defaults(place), "")
        return default or named or ("str | int" if place else UNKNOWN_TYPE)

    def _defaults(self, place: Place) -> Iterator[str]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call) and len(node.args) == 2 and self.reading.place(node) == place:
                default = node.args[1]
                value = default.value if isinstance(default, ast.Constant) else None
                if isinstance(value, (bool, int, float, str)):
                    yield type(value).__name__
                elif isinstance(default, (ast.List, ast.Tuple)):
                    yield "list[int]"

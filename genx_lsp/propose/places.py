"""Which parts of what was passed the code's expressions read, and what it asks of them.

A place is what was passed, or a part of a place: an item, a key's value, one of a tuple's members, a piece of
a text that is split, what a reader makes of a text.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from genx_lsp.propose.folding import folded_text
from genx_lsp.propose.formats import DOCUMENTS, FROM_FILES, NUMBERS, SAMPLES
from genx_lsp.propose.views import View

DEEPEST = 8
LONGEST_TUPLE = 6
ITEM = "[]"
VALUE = "{}"
_PASSES = 3
"""So often is the code read for names of places: each time those of the time before are known."""
_SAME_TEXT = frozenset(
    {"strip", "lstrip", "rstrip", "lower", "upper", "casefold", "title", "capitalize", "replace",
     "removeprefix", "removesuffix", "encode", "decode", "expandtabs"}
)  # fmt: skip
"""Methods after which a text still is the text that was passed, for what it may look like."""
_THROUGH = frozenset(
    {"dict", "list", "tuple", "iter", "str", "copy.copy", "copy.deepcopy", "io.StringIO", "io.BytesIO",
     "textwrap.dedent"}
)  # fmt: skip
"""Functions that hand on what they get."""
_STRPTIME = ("datetime.datetime.strptime", "time.strptime")
_ENTRIES = {"get": "", "getint": "int", "getfloat": "float", "getboolean": "bool"}
_FILE = "as file "
_CUTS = frozenset({"partition", "rpartition"})
_TAGS = frozenset({"iter", "iterfind", "findall"})

Place = tuple[str | int, ...]
"""Steps from what was passed: `ITEM`, any key's `VALUE`, a key after "key ", the number of a member, a
separator after "split ", a format after "as " (and after that an option)."""


@dataclass
class Reading:
    """Which names stand for which places, and what is asked of these."""

    view: View
    names: dict[str, Place]
    is_file: bool = False
    """What was passed is an open file: its lines are looped over, and readers of texts may be given it."""
    lists: dict[str, Place] = field(default_factory=dict)
    """Names of lists that the code makes, and the place of which each of their items is."""
    needed: dict[Place, dict[str, None]] = field(default_factory=dict)
    """Keys that must be there."""
    optional: dict[Place, dict[str, None]] = field(default_factory=dict)
    kinds: dict[Place, dict[str, None]] = field(default_factory=dict)
    """Types that `isinstance` asks for."""
    members: dict[Place, int] = field(default_factory=dict)
    steps: dict[Place, dict[str, None]] = field(default_factory=dict)
    """How a text is taken apart: by which separators, by which readers."""
    readers: dict[Place, dict[str, None]] = field(default_factory=dict)
    """Annotations of texts, by the functions that are given the place."""
    numbers: dict[Place, str] = field(default_factory=dict)
    """The types of numbers that are made of it."""

    def read(self, tree: ast.AST) -> None:
        """Find all that the code says."""
        for _ in range(_PASSES):
            known = len(self.names) + len(self.lists)
            for node in ast.walk(tree):
                _name(node, self)
            if len(self.names) + len(self.lists) == known:
                break
        for node in ast.walk(tree):
            _ask(node, self)

    def place(self, node: ast.AST) -> Place | None:
        """The place that an expression reads, None for others."""
        if isinstance(node, ast.Name):
            return self.names.get(node.id)
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            return self._part(node.value, node.slice.value)
        if isinstance(node, ast.Attribute):
            return self._attribute(node)
        if isinstance(node, ast.Call):
            return self._called(node)
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
            return self.place(node.values[0])
        if isinstance(node, (ast.ListComp, ast.GeneratorExp)) and len(node.generators) == 1:
            above = self.place(node.generators[0].iter)
            return above if above is not None and self.place(node.elt) == (*above, ITEM) else None
        return None

    def items(self, node: ast.expr) -> Place | None:
        """The place of the items of a list, which may be one that the code makes of parts."""
        if isinstance(node, ast.Name) and node.id in self.lists:
            return self.lists[node.id]
        above = self.place(node)
        if above is None and isinstance(node, (ast.ListComp, ast.GeneratorExp)):
            return self.place(node.elt)
        if above == () and self.is_file:
            above = self.below(self._held(above), "split \n")
        return self.below(above, ITEM)

    def is_told(self, place: Place) -> bool:
        """Whether the code asks anything of a place or of what is in it."""
        tables = (
            self.needed,
            self.optional,
            self.kinds,
            self.members,
            self.steps,
            self.readers,
            self.numbers,
        )
        return any(known[: len(place)] == place for table in tables for known in table)

    def within(self, place: Place, kind: str) -> bool:
        """Whether a place is a part of what a reader of that format makes."""
        steps = (step for step in place if isinstance(step, str))
        return any(step.startswith(f"as {kind}") for step in steps)

    def dotted(self, node: ast.expr) -> str:
        """What a name in the code is called where it comes from; `()` after what is called on the way."""
        if isinstance(node, ast.Call):
            return f"{self.dotted(node.func)}()"
        if isinstance(node, ast.Attribute):
            return f"{self.dotted(node.value)}.{node.attr}"
        return self.view.origin_of(node.id) if isinstance(node, ast.Name) else ""

    def _held(self, place: Place | None) -> Place | None:
        """The text that an open file holds."""
        return self.below(place, _FILE) if place == () and self.is_file else place

    def below(self, above: Place | None, step: str) -> Place | None:
        """A part of a place, None where parts are no longer told apart. How texts are taken apart is kept."""
        if above is None or len(above) >= DEEPEST:
            return None
        if step.startswith(("as ", "split ")):
            self.steps.setdefault(above, {})[step] = None
        return (*above, step)

    def _part(self, node: ast.expr, key: object) -> Place | None:
        above = self.place(node)
        if isinstance(key, str):
            is_attribute = isinstance(node, ast.Attribute) and node.attr == "attrib"
            return self.below(above, f"key {'@' if is_attribute else ''}{key}")
        return self.items(node) if isinstance(key, int) and not isinstance(key, bool) else None

    def _attribute(self, node: ast.Attribute) -> Place | None:
        above = self.place(node.value)
        if above is None:
            return None
        if self.within(above, "url"):
            return self.below(above, "key ?") if node.attr == "query" else None
        # An element's text is told by the element; where its attributes are asked for, by their keys.
        return above if self.within(above, "xml") and node.attr in ("text", "attrib") else None

    def _called(self, node: ast.Call) -> Place | None:
        first = node.args[0] if node.args else None
        name = self.dotted(node.func)
        if first is not None and name in DOCUMENTS:
            option = next((k.value for k in node.keywords if k.arg == "delimiter"), None)
            told = option.value if isinstance(option, ast.Constant) else None
            kind = DOCUMENTS[name]
            return self.below(
                self._held(self.place(first)), f"as {kind} {told if isinstance(told, str) else ''}"
            )
        if first is not None and name in FROM_FILES:
            return self.below(self.below(self.place(first), _FILE), f"as {FROM_FILES[name]} ")
        if first is not None and name in _THROUGH:
            return self.place(first)
        if first is not None and name == "next":
            return self.items(first)
        return self._method(node, node.func, first) if isinstance(node.func, ast.Attribute) else None

    def _method(self, node: ast.Call, func: ast.Attribute, first: ast.expr | None) -> Place | None:
        above, name = self.place(func.value), func.attr
        if above is None:
            return None
        told = first.value if isinstance(first, ast.Constant) else None
        if name in _SAME_TEXT:
            return above
        if name == "read" and first is None:
            return self.below(above, _FILE)
        if name == "readline":
            return self.below(self.below(self.below(above, _FILE), "split \n"), ITEM)
        if name == "readlines":
            return self.below(self.below(above, _FILE), "split \n")
        if name == "splitlines":
            return self.below(above, "split \n")
        if name in _CUTS and isinstance(told, str):
            return self.below(above, f"split {told}")
        if name in ("split", "rsplit") and (first is None or isinstance(told, (str, bytes))):
            separator = told.decode("latin-1") if isinstance(told, bytes) else told or ""
            return self.below(above, f"split {separator}")
        if self.within(above, "xml") and isinstance(told, str):
            if name in _TAGS or name in ("find", "findtext"):
                return self.below(above, f"key {told}")
            if name == "get":
                return self.below(above, f"key @{told}")
        if self.within(above, "ini") and name in _ENTRIES:
            # Of the whole by section and key, of a section by key. A name that is passed may be any text.
            texts = (key.value if isinstance(key, ast.Constant) else None for key in node.args[:2])
            keys = [f"key {text if isinstance(text, str) else 'abc'}" for text in texts]
            entry = self.below(above, keys[0])
            is_whole = str(above[-1]).startswith("as ini") and len(keys) > 1
            return self.below(entry, keys[1]) if is_whole else entry
        if self.within(above, "mail") and name == "get_all" and isinstance(told, str):
            return self.below(self.below(above, f"key {told}"), ITEM)
        if name == "get" and first is not None:
            return self.below(above, f"key {told}" if isinstance(told, str) else VALUE)
        return None


def _name(node: ast.AST, reading: Reading) -> None:
    """Names for places: assignments, loops, unpacking, and parsers that are given a text."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target, place = node.targets[0], reading.place(node.value)
        if place is not None:
            bind(_without_separator(target, node.value), place, reading)
        elif isinstance(target, ast.Name) and (items := reading.items(node.value)) is not None:
            reading.lists.setdefault(target.id, items)
    elif isinstance(node, ast.NamedExpr):
        bind(node.target, reading.place(node.value), reading)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
        if node.func.attr in ("read_string", "read_file") and isinstance(node.func.value, ast.Name):
            bind(node.func.value, reading.below(reading.place(node.args[0]), "as ini "), reading)
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
        bind(target, place, reading)


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
    if not isinstance(func, ast.Attribute) or func.attr not in _CUTS:
        return target
    if not isinstance(target, ast.Tuple) or len(target.elts) != 3:
        return target
    return ast.Tuple([target.elts[0], target.elts[2]], ast.Store())


def bind(target: ast.expr, place: Place | None, reading: Reading) -> None:
    """Let a target of an assignment stand for a place, those that it is unpacked into for its members."""
    if place is None:
        return
    if isinstance(target, ast.Name):
        # The first meaning of a name counts: `first = first or {}`.
        reading.names.setdefault(target.id, place)
        return
    parts = target.elts if isinstance(target, ast.Tuple) and len(place) < DEEPEST else []
    if 0 < len(parts) <= LONGEST_TUPLE and all(isinstance(part, ast.Name) for part in parts):
        reading.members[place] = len(parts)
        for number, part in enumerate(parts):
            bind(part, (*place, number), reading)


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
    made = _ENTRIES.get(node.func.attr, "")
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
        pattern = folded_text(node.args[1], reading.view.find_value)
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

"""Which parts of what was passed the code's expressions read.

A place is what was passed, or a part of a place: an item, a key's value, one of a tuple's members, a piece of
a text that is split, what a reader makes of a text.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from genx_lsp.propose.formats import DOCUMENTS, FROM_FILES
from genx_lsp.propose.views import View

DEEPEST = 8
ITEM = "[]"
VALUE = "{}"
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
ENTRIES = {"get": "", "getint": "int", "getfloat": "float", "getboolean": "bool"}
_FILE = "as file "
CUTS = frozenset({"partition", "rpartition"})
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
    values: dict[str, ast.expr] = field(default_factory=dict)
    """What names of the code's own are assigned first, and what parameters are if nothing is passed."""

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

    def value_of(self, name: str) -> ast.expr | None:
        """What a name stands for, here or in the module."""
        return self.values.get(name) or self.view.find_value(name)

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

    def _constant(self, node: ast.expr | None) -> object:
        """The constant that an expression is, or that its name stands for."""
        if isinstance(node, ast.Name) and node.id not in self.names:
            node = self.value_of(node.id)
        return node.value if isinstance(node, ast.Constant) else None

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
        told = self._constant(first)
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
        if name in CUTS and isinstance(told, str):
            return self.below(above, f"split {told}")
        if name in ("split", "rsplit") and (first is None or isinstance(told, (str, bytes))):
            separator = told.decode("latin-1") if isinstance(told, bytes) else told or ""
            return self.below(above, f"split {separator}")
        if self.within(above, "xml") and isinstance(told, str):
            if name in _TAGS or name in ("find", "findtext"):
                return self.below(above, f"key {told}")
            if name == "get":
                return self.below(above, f"key @{told}")
        if self.within(above, "ini") and name in ENTRIES:
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

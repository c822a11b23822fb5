"""GBNF rules for Python literals of an annotated type. Lengths and depth are bounded."""

from __future__ import annotations

import ast
from collections.abc import Sequence

DEPTH = 2
"""Containers within containers, where no annotation says how deep."""

_SCALARS = {
    "int": '"-"? ("0" | [1-9] [0-9]{0,11})',
    "float": '"-"? ("0" | [1-9] [0-9]{0,11}) ("." [0-9]{1,6} exponent? | exponent)',
    "str": r'"\"" dq{0,48} "\"" | "\x27" sq{0,48} "\x27"',
    "bytes": r'"b\"" byte{0,32} "\""',
    "bool": '"True" | "False"',
    "none": '"None"',
}
_PIECES = {
    "float": {"exponent": '"e" "-"? [1-9] [0-9]?'},
    "str": {
        "dq": r'[^"\\\x00-\x1F\x7F] | escape',
        "sq": r"[^'\\\x00-\x1F\x7F] | escape",
        "escape": r'"\\" [\\nrt"\x27]',
    },
    "bytes": {"byte": r'[\x20\x21\x23-\x5B\x5D-\x7E] | "\\x" [0-9a-f]{2} | "\\" [\\nrt]'},
}
_ITEMS = 9
_PAIRS = 5

_NAMES = {
    "int": "int",
    "float": "float",
    "str": "str",
    "bytes": "bytes",
    "bool": "bool",
    "None": "none",
    "NoneType": "none",
    "Text": "str",
    "AnyStr": "str",
    "LiteralString": "str",
    "complex": "float",
    "Decimal": "int",
    "SupportsInt": "int",
    "SupportsFloat": "float",
    "SupportsIndex": "int",
    "Number": "float",
    "Real": "float",
    "Integral": "int",
    "bytearray": "bytes",
    "Hashable": "key",
}
_LISTS = frozenset({"list", "List", "Sequence", "MutableSequence", "Iterable", "Collection", "Reversible"})
_SETS = frozenset({"set", "Set", "AbstractSet", "MutableSet"})
_DICTS = frozenset({"dict", "Dict", "Mapping", "MutableMapping", "OrderedDict"})
_WRAPPERS = frozenset({"Annotated", "Final", "ClassVar", "Required", "NotRequired", "ReadOnly"})


class LiteralRules:
    """Collects rules by name; `value` adds what an annotation needs."""

    def __init__(self, depth: int = DEPTH) -> None:
        self.rules: dict[str, str] = {}
        self._depth = max(0, depth)

    def add(self, name: str, *pieces: str) -> str:
        """Set a rule; returns its name."""
        self.rules[name] = " ".join(pieces)
        return name

    @property
    def anything(self) -> str:
        """The name of the rule for any literal."""
        return f"any-{self._depth}"

    def value(self, annotation: str) -> str:
        """The name of a rule for values of a type."""
        try:
            node = ast.parse(annotation.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError):
            return self._any(self._depth)
        return self._of(node)

    def _of(self, node: ast.expr) -> str:
        if isinstance(node, ast.Constant):
            if node.value is None:
                return self._scalar("none")
            return self.value(node.value) if isinstance(node.value, str) else self._any(self._depth)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return self._either([node.left, node.right])
        if isinstance(node, ast.Subscript):
            inner = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
            return self._generic(_name(node.value), inner)
        name = _name(node)
        if name in _NAMES:
            return self._key() if _NAMES[name] == "key" else self._scalar(_NAMES[name])
        return self._generic(name, [])

    def _generic(self, name: str, inner: Sequence[ast.expr]) -> str:
        below = max(0, self._depth - 1)
        if name in _LISTS:
            return self._list(self._of(inner[0]) if inner else self._any(below))
        if name in _SETS:
            return self._set(self._hashable(inner[0]) if inner else self._key())
        if name in _DICTS:
            key, value = (
                (self._hashable(inner[0]), self._of(inner[1]))
                if len(inner) == 2
                else (self._key(), self._any(below))
            )
            return self._dict(key, value)
        if name in ("tuple", "Tuple"):
            fixed = [item for item in inner if not _is_ellipsis(item)]
            if len(fixed) == len(inner) and inner:
                return self._fixed_tuple([self._of(item) for item in fixed])
            return self._tuple(self._of(fixed[0]) if fixed else self._any(below))
        if name == "Optional" and inner:
            return self._either([inner[0], ast.Constant(None)])
        if name == "Union" and inner:
            return self._either(inner)
        if name == "Literal" and inner:
            texts = [ast.unparse(item) for item in inner]
            return self._named("literal", " | ".join(map(terminal, texts)))
        if name in _WRAPPERS and inner:
            return self._of(inner[0])
        return self._any(self._depth)

    def _either(self, nodes: Sequence[ast.expr]) -> str:
        names = list(dict.fromkeys(self._of(node) for node in nodes))
        return names[0] if len(names) == 1 else self._named("either", " | ".join(names))

    def _hashable(self, node: ast.expr) -> str:
        name = self._of(node)
        return name if name in _SCALARS or name.startswith(("literal", "tuple")) else self._key()

    def _scalar(self, name: str) -> str:
        for piece, body in _PIECES.get(name, {}).items():
            self.add(piece, body)
        return self.add(name, _SCALARS[name])

    def _key(self) -> str:
        return self.add("key", " | ".join(map(self._scalar, ("str", "int", "float", "bool", "none"))))

    def _any(self, depth: int) -> str:
        names = [self._scalar(name) for name in _SCALARS]
        if depth:
            below = self._any(depth - 1)
            names += [self._list(below), self._tuple(below), self._dict(self._key(), below)]
            names.append(self._set(self._key()))
        return self.add(f"any-{depth}", " | ".join(names))

    def _list(self, item: str) -> str:
        return self.add(f"list-{item}", f'"[" ({item} (", " {item}){{0,{_ITEMS}}})? "]"')

    def _set(self, item: str) -> str:
        return self.add(f"set-{item}", f'"set()" | "{{" {item} (", " {item}){{0,{_ITEMS}}} "}}"')

    def _dict(self, key: str, value: str) -> str:
        pair = self.add(f"pair-{key}-{value}", f'{key} ": " {value}')
        return self.add(f"dict-{key}-{value}", f'"{{" ({pair} (", " {pair}){{0,{_PAIRS}}})? "}}"')

    def _tuple(self, item: str) -> str:
        several = f'{item} ("," | (", " {item}){{1,{_ITEMS}}})'
        return self.add(f"tuple-{item}", f'"(" ({several})? ")"')

    def _fixed_tuple(self, items: Sequence[str]) -> str:
        body = ' ", " '.join(items) + (' ","' if len(items) == 1 else "")
        return self._named("tuple", f'"(" {body} ")"')

    def _named(self, kind: str, body: str) -> str:
        """The rule with this body, under a new name if there is none yet."""
        for name, known in self.rules.items():
            if known == body:
                return name
        return self.add(f"{kind}-{len(self.rules)}", body)


def _name(node: ast.expr) -> str:
    """The last part of a dotted name."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _is_ellipsis(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is Ellipsis


def terminal(text: str) -> str:
    """A GBNF terminal."""
    quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return f'"{quoted}"'

"""Typed values: what a call returned, as a tree that no candidate code can influence afterwards.

The child encodes by exact type (`type(x) is int`, never `isinstance`), the parent decodes into
`Value`. Two values are equal when their trees are; `judge` adds Python's `==` on top for tests that
people wrote with `==`.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, get_args

from genx_sandbox.canonical import is_plain_object, is_scalar, is_type_name
from genx_sandbox.errors import ProtocolError
from genx_sandbox.guest.encoding import Encoder

Kind = Literal[
    "none", "bool", "int", "float", "complex", "str", "bytes", "ellipsis",
    "list", "tuple", "set", "frozenset", "dict",
    "object", "enum", "iterator", "opaque", "truncated",
]  # fmt: skip

_KINDS = frozenset(get_args(Kind))
_DEEPEST = 128
_LARGE = 1 << 30
_BRACKETS = {"list": ("[", "]"), "tuple": ("(", ")"), "set": ("{", "}"), "dict": ("{", "}")}


@dataclass(frozen=True)
class Value:
    """One node of a typed value tree.

    `scalar` is the canonical text of a scalar (`repr` for numbers and strings; integers beyond 4,096
    bits in hexadecimal), the member name of an enum, or the description of an opaque or truncated value.
    `items` are the children: elements (sets sorted by their canonical text), alternating keys and
    values of a dict, field values of an object, the underlying value of an enum, what an iterator yielded.
    `fields` names an object's fields, in step with `items`; an enum's is `mixin` where it compares
    equal to its value (IntEnum), `value` where not.
    """

    kind: Kind
    scalar: str = ""
    items: tuple[Value, ...] = ()
    type_name: str = ""
    """`module:qualname` for object, enum, iterator, opaque, and for subclasses of builtin types."""
    fields: tuple[str, ...] = ()

    @classmethod
    def of(cls, value: object) -> Value:
        """The tree of a trusted Python value: what a test's literal means."""
        return decode(Encoder(_LARGE, 100, _LARGE).encode(value))

    def literal(self) -> str | None:
        """Source text that recreates it from builtins alone, or None if there is none."""
        if self.type_name:
            return None
        if self.kind in ("list", "tuple", "set", "frozenset", "dict"):
            return self._container_literal()
        if self.kind == "none":
            return "None"
        if self.kind == "ellipsis":
            return "..."
        if self.kind in ("float", "complex"):
            return _number_literal(self.kind, self.scalar)
        return self.scalar if self.kind in ("bool", "int", "str", "bytes") else None

    def _container_literal(self) -> str | None:
        parts = []
        for item in self.items:
            text = item.literal()
            if text is None:
                return None
            parts.append(text)
        if self.kind == "dict":
            pairs = zip(parts[::2], parts[1::2], strict=True)
            return "{" + ", ".join(f"{key}: {value}" for key, value in pairs) + "}"
        if self.kind == "frozenset":
            return f"frozenset({{{', '.join(parts)}}})" if parts else "frozenset()"
        if self.kind == "set" and not parts:
            return "set()"
        comma = "," if self.kind == "tuple" and len(parts) == 1 else ""
        opening, closing = _BRACKETS[self.kind]
        return f"{opening}{', '.join(parts)}{comma}{closing}"

    def text(self, width: int = 80) -> str:
        """Short text for people, at most `width` characters."""
        text = self._text(width)
        return text if len(text) <= width else text[: max(0, width - 1)] + "…"

    def _text(self, width: int) -> str:
        literal = self.literal() if len(self.items) < width else None
        if literal is not None:
            return literal
        name = self.type_name.rpartition(":")[2].rpartition(".")[2]
        if self.kind == "enum":
            return f"{name}.{self.scalar}"
        if self.kind == "opaque":
            return f"<{name or 'opaque'}{' ' + self.scalar if self.scalar else ''}>"
        if self.kind == "truncated":
            return f"<{self.scalar or 'more'}>"
        parts = [item._text(width) for item in self.items[:width]]
        if self.kind == "dict":
            parts = [f"{k}: {v}" for k, v in zip(parts[::2], parts[1::2], strict=False)]
        elif self.fields:
            parts = [f"{f}={p}" for f, p in zip(self.fields, parts, strict=False)]
        inside = self.scalar or ", ".join(parts)
        if self.kind == "iterator":
            return f"<{name or 'iterator'} of {inside}>"
        if name or self.kind == "frozenset":
            # A path or a UUID is told by its text, other plain objects by a repr that names them.
            if self.kind == "object" and self.scalar and self.scalar.partition("(")[0].endswith(name):
                return inside
            inside = repr(inside) if self.kind == "object" and self.scalar else inside
            return f"{name or self.kind}({inside})"
        opening, closing = _BRACKETS.get(self.kind, ("(", ")"))
        return f"{opening}{inside}{closing}"

    def python(self) -> object:
        """The builtin it stands for. Raises ValueError where `literal()` is None."""
        if self.kind in ("int", "float", "complex", "bool", "str", "bytes"):
            return scalar(self)
        literal = self.literal()
        if literal is None:
            raise ValueError(f"{self.text()} is no builtin value")
        return ast.literal_eval(literal)


def decode(node: object, depth: int = 0) -> Value:
    """A `Value` from the guest encoder's node. Raises ProtocolError if it is none."""
    if type(node) is not list or not 1 <= len(node) <= 5 or type(node[0]) is not str:
        raise ProtocolError("not a value")
    if len(node) == 2 and node[0] in _KINDS and type(node[1]) is str:
        # Scalars are most of what arrives, and programs mostly agree: each is made once.
        return _leaf(node[0], node[1])
    if node[0] not in _KINDS or depth > _DEEPEST:
        raise ProtocolError("not a value")
    kind: Any = node[0]
    size = len(node)
    scalar = node[1] if size > 1 else ""
    items = node[2] if size > 2 else ()
    type_name = node[3] if size > 3 else ""
    fields = node[4] if size > 4 else ()
    if type(scalar) is not str or type(type_name) is not str or not is_scalar(kind, scalar):
        raise ProtocolError("not a value")
    if not is_type_name(type_name) or (
        kind == "object" and scalar and not is_plain_object(type_name, scalar)
    ):
        # Seen by people, written nowhere.
        return Value("opaque", scalar, (), type_name if is_type_name(type_name) else "")
    if type(items) is str and kind in ("list", "tuple") and scalar == "int":
        # Small integers are told as one text.
        return Value(kind, "", tuple([_leaf("int", text) for text in items.split(", ")]))
    if type(items) not in (list, tuple) or type(fields) not in (list, tuple):
        raise ProtocolError("not a value")
    if any(type(f) is not str for f in fields) or not _fits(kind, type_name, len(items), len(fields)):
        raise ProtocolError("not a value")
    if not all(map(str.isidentifier, fields)):
        return Value("opaque", "an object whose fields no source can name", (), type_name)
    return Value(kind, scalar, tuple([decode(i, depth + 1) for i in items]), type_name, tuple(fields))


def _fits(kind: Kind, type_name: str, items: int, fields: int) -> bool:
    """Keys have values, fields have contents, an enum's member and a deque have one."""
    if kind == "dict" and items % 2:
        return False
    if kind == "enum" or type_name == "collections:deque":
        return items == fields == 1
    return not fields or fields == items


@lru_cache(maxsize=4096)
def _leaf(kind: Kind, scalar: str) -> Value:
    if kind == "enum" or not is_scalar(kind, scalar):
        raise ProtocolError("not a value")
    return Value(kind, scalar)


def scalar(value: Value) -> int | float | complex | bool | str | bytes:
    """The Python scalar of a node of kind bool, int, float, complex, str or bytes. Raises ValueError."""
    if value.kind == "int":
        return int(value.scalar, 0)
    if value.kind == "float":
        return float(value.scalar)
    if value.kind == "complex":
        return complex(value.scalar)
    if value.kind == "bool":
        return value.scalar == "True"
    found = ast.literal_eval(value.scalar)
    if value.kind == "str" and type(found) is str:
        return found
    if value.kind == "bytes" and type(found) is bytes:
        return found
    raise ValueError(f"not a {value.kind}")


def _number_literal(kind: str, text: str) -> str:
    if kind == "float":
        return text if text[-1].isdigit() else f'float("{text}")'
    # `-0j` means one number as a literal and another as a repr.
    known = not any(word in text for word in ("nan", "inf")) and repr(ast.literal_eval(text)) == text
    return text if known else f'complex("{text.strip("()")}")'


def contains(value: Value, kind: Kind) -> bool:
    """Whether a node of this kind stands anywhere in the tree."""
    return value.kind == kind or any(contains(item, kind) for item in value.items)

"""Typed values: what a call returned, as a tree that no candidate code can influence afterwards.

The child encodes by exact type (`type(x) is int`, never `isinstance`), the parent decodes into
`Value`. Two values are equal when their trees are; `Value.matches` adds Python's `==` on top for
tests that people wrote with `==`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "none", "bool", "int", "float", "complex", "str", "bytes", "ellipsis",
    "list", "tuple", "set", "frozenset", "dict",
    "object", "enum", "iterator", "opaque", "truncated",
]  # fmt: skip


@dataclass(frozen=True)
class Value:
    """One node of a typed value tree.

    `scalar` is the canonical text of a scalar (`repr` for numbers and strings), the member name of
    an enum, or the `repr`-free description of an opaque value. `items` are the children: elements
    (sets sorted by their canonical text), alternating keys and values of a dict, field values of an
    object, what an iterator yielded. `fields` names an object's fields, in step with `items`.
    """

    kind: Kind
    scalar: str = ""
    items: tuple[Value, ...] = ()
    type_name: str = ""
    """`module:qualname` for object, enum, iterator and opaque."""
    fields: tuple[str, ...] = ()

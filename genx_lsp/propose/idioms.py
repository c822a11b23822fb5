"""Special methods the way people call them: `len(cart)`, `a < b`, `key in table`."""

from __future__ import annotations

from collections.abc import Sequence

_UNARY = {
    "__str__": "str({0})",
    "__repr__": "repr({0})",
    "__len__": "len({0})",
    "__bool__": "bool({0})",
    "__iter__": "list({0})",
    "__reversed__": "list(reversed({0}))",
    "__next__": "next({0})",
    "__int__": "int({0})",
    "__float__": "float({0})",
    "__index__": "int({0})",
    "__abs__": "abs({0})",
    "__neg__": "-{0}",
    "__pos__": "+{0}",
    "__invert__": "~{0}",
    "__hash__": "hash({0}) == hash({0})",
}
_BINARY = {
    "__eq__": "{0} == {1}",
    "__ne__": "{0} != {1}",
    "__lt__": "{0} < {1}",
    "__le__": "{0} <= {1}",
    "__gt__": "{0} > {1}",
    "__ge__": "{0} >= {1}",
    "__add__": "{0} + {1}",
    "__radd__": "{1} + {0}",
    "__sub__": "{0} - {1}",
    "__mul__": "{0} * {1}",
    "__truediv__": "{0} / {1}",
    "__floordiv__": "{0} // {1}",
    "__mod__": "{0} % {1}",
    "__and__": "{0} & {1}",
    "__or__": "{0} | {1}",
    "__xor__": "{0} ^ {1}",
    "__contains__": "{1} in {0}",
    "__getitem__": "{0}[{1}]",
}
ALIKE = frozenset(_BINARY) - {"__contains__", "__getitem__", "__mod__", "__mul__"}
"""Operators whose other side is mostly an object of the same class."""

CHANGING = frozenset(
    {
        *("append", "appendleft", "add", "update", "pop", "popleft", "popitem", "extend", "insert", "remove"),
        *("discard", "clear", "setdefault", "sort", "reverse", "write", "put", "push"),
    }
)
"""Methods that change what they are called on, by name."""


def spoken(method: str, owner: str, arguments: Sequence[str]) -> str:
    """The expression that calls the method; empty where it has no other spelling than its name."""
    if method == "__call__":
        return f"{owner}({', '.join(arguments)})"
    template = _UNARY.get(method) if not arguments else _BINARY.get(method) if len(arguments) == 1 else None
    return template.format(owner, *arguments) if template else ""

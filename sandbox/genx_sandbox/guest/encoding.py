"""Turn what a call returned into a tree of plain lists, by exact type and within a budget.

A node is `[kind, scalar, items, type_name, fields]`, shortened from the right where the rest is empty. Lists
and tuples of small integers, most of what programs return, are told as one text: `[kind, "int", "1, 2"]`.
No method of a value under test is called where the interpreter's own slot can be read instead, so an
`__eq__` that always agrees, or an `int` subclass with a false `__repr__`, gains nothing.
"""

# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

import collections
import datetime
import decimal
import enum
import fractions
import json
import pathlib
import types
import uuid
import zlib
from typing import Any

# Standard types that compare by value and whose repr says all of it.
_BY_REPR = {
    decimal.Decimal: decimal.Decimal.__repr__,
    fractions.Fraction: fractions.Fraction.__repr__,
    datetime.date: datetime.date.__repr__,
    datetime.datetime: datetime.datetime.__repr__,
    datetime.time: datetime.time.__repr__,
    datetime.timedelta: datetime.timedelta.__repr__,
    pathlib.PurePosixPath: pathlib.PurePath.__str__,
    pathlib.PosixPath: pathlib.PurePath.__str__,
    uuid.UUID: uuid.UUID.__str__,
    range: range.__repr__,
    slice: slice.__repr__,
    bytearray: bytearray.__repr__,
}
_BASES = (
    ("int", int),
    ("float", float),
    ("complex", complex),
    ("str", str),
    ("bytes", bytes),
    ("list", list),
    ("tuple", tuple),
    ("set", set),
    ("frozenset", frozenset),
    ("dict", dict),
)
_CONTAINERS = dict(_BASES[5:])
_KIND_OF = {kind: name for name, kind in _BASES}
# Subclasses of builtins from the standard library whose own `__eq__` still means equal contents.
_KNOWN_EQ = {collections.OrderedDict, collections.Counter, collections.defaultdict}
_OPAQUE = (
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    types.ModuleType,
    types.FrameType,
    types.TracebackType,
    types.CodeType,
    type,
)
_FINGERPRINT_BYTES = 1 << 22
# Up to here integers are told in decimal; a constant, because computing it costs more than the repr.
_DECIMAL = 1 << 4096
_SMALL = 1 << 31
_INTEGERS = {int}


class Budget(Exception):
    """The value is larger than the caps allow."""


class Encoder:
    """Encodes one value after another; each has the whole budget (bytes, depth, elements)."""

    def __init__(self, max_bytes: int = 65536, max_depth: int = 24, max_items: int = 5000) -> None:
        self.max_bytes = max_bytes
        self.max_depth = max_depth
        self.max_items = max_items
        self._bytes = 0
        self._items = 0
        self._stack: set[int] = set()

    def encode(self, value: object) -> list[Any]:
        """The node for `value`. Runs no method of it except iteration of iterators, attribute-free."""
        self._bytes = 0
        self._items = 0
        self._stack = set()
        node: list[Any] = self._node(value, 0)
        return node

    def _scalar(self, kind, text, type_name=""):
        self._bytes += len(text) + 8
        if self._bytes > self.max_bytes:
            return ["truncated", "%s of %d characters, %08x" % (kind, len(text), _fingerprint(text))]
        return [kind, text, [], type_name] if type_name else [kind, text]

    def _node(self, value, depth):
        kind = type(value)
        if kind is int and -_SMALL < value < _SMALL:
            self._bytes += 16
            return ["int", int.__repr__(value)]
        if kind is list or kind is tuple:
            return self._sequence(kind, value, depth)
        if value is None:
            return ["none"]
        if kind is bool:
            return self._scalar("bool", "True" if value else "False")
        if value is Ellipsis:
            return ["ellipsis"]
        name = _KIND_OF.get(kind)
        if name is not None:
            return self._builtin(name, value, depth, "")
        if kind in _BY_REPR:
            return self._scalar("object", _BY_REPR[kind](value), type_name(kind))
        return self._other(kind, value, depth)

    def _sequence(self, kind, value, depth):
        length = kind.__len__(value)
        # Both ends first: the text of one huge integer would take longer than all the rest.
        small = (
            length
            and {*map(type, value)} == _INTEGERS
            and self._items + length <= self.max_items
            and min(value) > -_SMALL
            and max(value) < _SMALL
        )
        if small:
            self._items += length
            self._bytes += 16 * length
            if self._bytes <= self.max_bytes:
                return [_KIND_OF[kind], "int", list.__repr__([*value])[1:-1]]
        return self._nested(_KIND_OF[kind], value, depth, "")

    def _builtin(self, name, value, depth, subclass):
        if name == "int":
            # hex has no digit limit; decimal is what people read.
            plain = int.__index__(value)
            text = int.__repr__(plain) if -_DECIMAL < plain < _DECIMAL else hex(plain)
            return self._scalar(name, text, subclass)
        if name == "float":
            return self._scalar(name, float.__repr__(value), subclass)
        if name == "complex":
            return self._scalar(name, complex.__repr__(value), subclass)
        if name == "str":
            if str.__len__(value) > self.max_bytes:
                return self._scalar(name, str.__str__(value), subclass)
            return self._scalar(name, str.__repr__(value), subclass)
        if name == "bytes":
            return self._scalar(name, bytes.__repr__(value), subclass)
        return self._nested(name, value, depth, subclass)

    def _nested(self, name, value, depth, subclass):
        if id(value) in self._stack:
            return ["opaque", "a reference to itself", [], subclass or "builtins:" + name]
        if depth >= self.max_depth:
            return ["truncated", "%s nested deeper than %d" % (name, self.max_depth)]
        self._stack.add(id(value))
        try:
            return self._container(name, value, depth, subclass)
        finally:
            self._stack.discard(id(value))

    def _container(self, name, value, depth, subclass):
        base: type[Any] = _CONTAINERS[name]
        length = base.__len__(value)
        if self._items + length > self.max_items:
            return ["truncated", "%s of %d elements" % (name, length)]
        items = []
        if name == "dict":
            for key, held in dict.items(value):
                items.append(self._element(key, depth))
                items.append(self._element(held, depth))
        else:
            items = [self._element(element, depth) for element in base.__iter__(value)]
            if name in ("set", "frozenset"):
                items.sort(key=json.dumps)
        if self._bytes > self.max_bytes:
            return ["truncated", "%s of %d elements, over %d bytes" % (name, length, self.max_bytes)]
        fields = _namedtuple_fields(value) if subclass and name == "tuple" else []
        if fields:
            return [name, "", items, subclass, fields]
        return [name, "", items, subclass] if subclass else [name, "", items]

    def _element(self, value, depth):
        self._items += 1
        if self._bytes > self.max_bytes:
            return ["truncated", ""]
        return self._node(value, depth + 1)

    def _other(self, kind, value, depth):
        named = type_name(kind)
        mro = type.__dict__["__mro__"].__get__(kind)
        if enum.Enum in mro:
            return self._enum(value, named, mro, depth)
        for name, base in _BASES:
            if base in mro:
                if _own_eq(mro, base) and not _KNOWN_EQ.intersection(mro):
                    return ["opaque", "a %s subclass with its own __eq__" % name, [], named]
                return self._builtin(name, value, depth, named)
        if _any_of(mro, _OPAQUE):
            return ["opaque", _qualified(value), [], named]
        if id(value) in self._stack:
            return ["opaque", "a reference to itself", [], named]
        if depth >= self.max_depth:
            return ["truncated", "%s nested deeper than %d" % (named, self.max_depth)]
        self._stack.add(id(value))
        try:
            if kind is collections.deque:
                return ["object", "", [self._element(list(value), depth)], named, ["items"]]
            if _has(mro, "__next__") or kind in (type({}.keys()), type({}.values()), type({}.items())):
                return self._iterator(value, named, depth)
            return self._object(value, named, mro, depth)
        finally:
            self._stack.discard(id(value))

    def _enum(self, value, named, mro, depth):
        held = object.__getattribute__(value, "_value_")
        name = object.__getattribute__(value, "_name_")
        mixin = any(base in mro for _, base in _BASES)
        node = self._element(held, depth)
        text = name if type(name) is str else str(held)
        return ["enum", text, [node], named, ["mixin" if mixin else "value"]]

    def _iterator(self, value, named, depth):
        items = []
        for element in value:
            if self._items >= self.max_items or self._bytes > self.max_bytes:
                items.append(["truncated", "an iterator that goes on"])
                break
            items.append(self._element(element, depth))
        return ["iterator", "", items, named]

    def _object(self, value, named, mro, depth):
        names = []
        held = []
        if any("__dataclass_fields__" in type.__dict__["__dict__"].__get__(c) for c in mro):
            declared = [n for c in mro[:1] for n in getattr(c, "__dataclass_fields__", ())]
        else:
            declared = []
        try:
            own = object.__getattribute__(value, "__dict__")
        except AttributeError:
            own = {}
        if type(own) is not dict:
            own = {}
        slots = []
        for c in mro:
            listed = type.__dict__["__dict__"].__get__(c).get("__slots__", ())
            slots += [listed] if type(listed) is str else [s for s in listed if type(s) is str]
        for name in declared or sorted([n for n in own if type(n) is str] + slots):
            if name in ("__dict__", "__weakref__") or name in names:
                continue
            try:
                part = object.__getattribute__(value, name)
            except AttributeError:
                continue
            names.append(name)
            held.append(self._element(part, depth))
        if not names and not _is_python_class(mro):
            return ["opaque", "", [], named]
        return ["object", "", held, named, names]


def type_name(kind):
    """`module:qualname` of a type, whatever its metaclass says."""
    try:
        module = type.__dict__["__module__"].__get__(kind)
        qualname = type.__dict__["__qualname__"].__get__(kind)
    except (AttributeError, TypeError):
        return "?:?"
    return "%s:%s" % (module if type(module) is str else "?", qualname if type(qualname) is str else "?")


def _any_of(mro, kinds):
    """Whether one of `kinds` is in a method resolution order (no `__instancecheck__` is asked)."""
    return any(k in mro for k in kinds)


def _fingerprint(text):
    return zlib.crc32(text[:_FINGERPRINT_BYTES].encode("utf-8", "surrogatepass"))


def _own_eq(mro, base):
    for c in mro:
        if c is base:
            return False
        if "__eq__" in type.__dict__["__dict__"].__get__(c):
            return True
    return False


def _has(mro, method):
    return any(method in type.__dict__["__dict__"].__get__(c) for c in mro)


def _is_python_class(mro):
    # Classes made by a `class` statement carry their module in their own dict.
    return "__module__" in type.__dict__["__dict__"].__get__(mro[0])


def _namedtuple_fields(value):
    fields = getattr(type(value), "_fields", ())
    if type(fields) is tuple and all(type(f) is str for f in fields) and len(fields) == tuple.__len__(value):
        return list(fields)
    return []


def _qualified(value):
    for attribute in ("__qualname__", "__name__"):
        try:
            name = object.__getattribute__(value, attribute)
        except Exception:
            # A property of the program may raise anything; the value is then told without it.
            continue
        if type(name) is str:
            return name
    return ""

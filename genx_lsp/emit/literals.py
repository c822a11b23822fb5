"""Values as source text, the way a person would write them."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Callable
from fractions import Fraction

from genx_lsp.emit.classes import ClassIndex
from genx_lsp.emit.scope import Import, Scope
from genx_sandbox import Value

_BRACKETS = {"list": "[]", "set": "{}", "tuple": "()"}


class Writer:
    """Writes expressions and values for one test, and collects the imports they need."""

    def __init__(self, scope: Scope, classes: ClassIndex, quote: str = '"') -> None:
        self.scope = scope
        self.classes = classes
        self.quote = quote
        self.needed: set[Import] = set()

    def value(self, value: Value) -> str | None:
        """Source that makes an equal value; None where there is none."""
        kind = value.kind
        if kind in ("none", "ellipsis"):
            return "None" if kind == "none" else "..."
        if kind in ("bool", "int", "str", "bytes"):
            return requote(value.scalar, self.quote)
        if kind in ("float", "complex"):
            return self._number(value.scalar)
        if kind == "enum":
            return self._enum(value)
        if kind == "object":
            return self._object(value)
        if kind in ("opaque", "truncated"):
            return None
        parts = [self.value(item) for item in value.items]
        if any(part is None for part in parts):
            return None
        return _collection(kind, [part or "" for part in parts])

    def expression(self, text: str) -> str | None:
        """An expression of the target's module, respelled for the test file; None if a name cannot be had."""
        try:
            tree = ast.parse(text.strip(), mode="eval")
        except (SyntaxError, ValueError):
            return None
        if "\n" in text.strip():
            text = ast.unparse(tree)
            tree = ast.parse(text, mode="eval")
        text = text.strip()
        local = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        local |= {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}
        changes: list[tuple[int, int, str]] = []
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and node.id not in local:
                spelled = self._take(self.scope.spell_name(node.id))
                if spelled is None:
                    return None
                changes.append((node.col_offset, node.end_col_offset or 0, spelled))
        data = text.encode()
        for start, end, spelled in sorted(changes, reverse=True):
            data = data[:start] + spelled.encode() + data[end:]
        return requote(data.decode(), self.quote)

    def exception(self, type_name: str) -> str | None:
        """An exception type: bare, or dotted as `module.qualname`."""
        module, _, name = type_name.rpartition(".")
        if module in ("", "builtins"):
            return self._take(self.scope.spell_name(name))
        return self._take(self.scope.spell(module, name))

    def module(self, name: str) -> str | None:
        """A module such as `pytest` or `asyncio`."""
        return self._take(self.scope.spell_module(name))

    def string(self, text: str) -> str:
        """A string literal in the file's own quotes."""
        return requote(repr(text), self.quote)

    def _take(self, spelled: tuple[str, Import | None] | None) -> str | None:
        if spelled is None:
            return None
        if spelled[1]:
            self.needed.add(spelled[1])
        return spelled[0]

    def _number(self, scalar: str) -> str:
        if any(word in scalar for word in ("nan", "inf")):
            return f"{'complex' if 'j' in scalar else 'float'}({self.string(scalar)})"
        return scalar

    def _enum(self, value: Value) -> str | None:
        module, _, name = value.type_name.partition(":")
        if not value.scalar.isidentifier() or "<" in name:
            return None
        spelled = self._take(self.scope.spell(module, name))
        return f"{spelled}.{value.scalar}" if spelled else None

    def _object(self, value: Value) -> str | None:
        """A call of the constructor, for classes that compare by their fields."""
        module, _, name = value.type_name.partition(":")
        defaults = self.classes.constructor_fields(module, name)
        if defaults is None or set(value.fields) != set(defaults):
            return None
        by_name = dict(zip(value.fields, value.items, strict=True))
        arguments = []
        for field, default in defaults.items():
            text = self.value(by_name[field])
            if text is None:
                return None
            if default is None or requote(default, self.quote) != text:
                arguments.append(f"{field}={text}")
        spelled = self._take(self.scope.spell(module, name))
        return f"{spelled}({', '.join(arguments)})" if spelled else None


def _collection(kind: str, parts: list[str]) -> str | None:
    inner = ", ".join(parts)
    if kind in ("list", "iterator"):
        return f"[{inner}]"
    if kind == "tuple":
        return f"({inner},)" if len(parts) == 1 else f"({inner})"
    if kind == "set":
        return f"{{{inner}}}" if parts else "set()"
    if kind == "frozenset":
        return f"frozenset({{{inner}}})" if parts else "frozenset()"
    if kind == "dict":
        pairs = zip(parts[::2], parts[1::2], strict=True)
        return "{" + ", ".join(f"{key}: {item}" for key, item in pairs) + "}"
    return None


def requote(text: str, quote: str) -> str:
    """An expression with its plain string literals in the given quotes, where that needs no escape."""
    return _map_strings(text, lambda literal: _requote_one(literal, quote))


def _requote_one(literal: str, quote: str) -> str:
    other = "'" if quote == '"' else '"'
    start = len(literal) - len(literal.lstrip("rbuRBU"))
    prefix, body = literal[:start], literal[start:]
    if not body.startswith(other) or body.startswith(other * 3) or len(body) < 2:
        return literal
    inner = body[1:-1]
    if quote in inner or ("\\" + other in inner and "r" in prefix.lower()):
        return literal
    return prefix + quote + inner.replace("\\" + other, other) + quote


def _map_strings(text: str, change: Callable[[str], str]) -> str:
    if "'" not in text and '"' not in text:
        return text
    lines = text.split("\n")
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):
        return text
    for token in reversed(tokens):
        if token.type == tokenize.STRING and token.start[0] == token.end[0]:
            line = lines[token.start[0] - 1]
            lines[token.start[0] - 1] = line[: token.start[1]] + change(token.string) + line[token.end[1] :]
    return "\n".join(lines)


def is_inexact(value: Value) -> bool:
    """Whether a float in it came from rounding, so that `==` would be too much to ask.

    Halves, quarters and whole numbers are exact in binary; 6.2 is not.
    """
    if value.kind == "float":
        if any(word in value.scalar for word in ("nan", "inf")):
            return False
        return Fraction(float(value.scalar)).denominator > 1024
    return value.kind in ("list", "tuple", "dict") and any(is_inexact(item) for item in value.items)


def can_approx(value: Value) -> bool:
    """Whether `pytest.approx` takes it: a number, or a flat list, tuple or dict of numbers."""
    numbers = ("int", "float")
    if value.kind == "dict":
        return all(item.kind in numbers for item in value.items[1::2])
    if value.kind in ("list", "tuple"):
        return all(item.kind in numbers for item in value.items)
    return value.kind in numbers

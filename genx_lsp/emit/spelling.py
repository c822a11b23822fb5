"""Expressions and values respelled for one test file."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

from genx_lsp.emit.classes import ClassIndex
from genx_lsp.emit.literals import collection, requote, tidy
from genx_lsp.emit.scope import Import, Scope
from genx_sandbox import Value

_STANDARD = {"decimal": "Decimal", "fractions": "Fraction", "uuid": "UUID", "pathlib": "Path"}


class Writer:
    """Writes expressions and values for one test, and collects the imports they need."""

    def __init__(self, scope: Scope, classes: ClassIndex, quote: str = '"') -> None:
        self.scope = scope
        self.classes = classes
        self.quote = quote
        self.needed: set[Import] = set()
        self.local: set[str] = set()
        """Names that the test itself assigns."""

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
            return self._standard(value) if value.scalar else self._object(value)
        if kind in ("opaque", "truncated"):
            return None
        if kind == "tuple" and value.fields:
            return self._call(value, dict.fromkeys(value.fields))
        parts = [self.value(item) for item in value.items]
        if any(part is None for part in parts):
            return None
        return collection(kind, [part or "" for part in parts])

    def expression(self, text: str) -> str | None:
        """An expression of the target's module, for the test file; None if a name cannot be had there."""
        try:
            tree = ast.parse(text.strip(), mode="eval")
        except (SyntaxError, ValueError):
            return None
        return self._respelled(tidy(text.strip()), self.local | _bound_inside(tree), "eval")

    def statement(self, node: ast.stmt) -> str | None:
        """A statement before the call; what it assigns is local from here on."""
        self.local |= _bound_inside(node)
        return self._respelled(ast.unparse(node), self.local, "exec")

    def exception(self, type_name: str) -> str | None:
        """An exception type: bare, or dotted as `module.qualname`."""
        module, _, name = type_name.rpartition(".")
        while module.rpartition(".")[2][:1].isupper():
            module, _, owner = module.rpartition(".")
            name = f"{owner}.{name}"
        if module in ("", "builtins"):
            return self._take(self.scope.spell_name(name))
        return self._take(self.scope.spell(module, name)) if "<" not in type_name else None

    def module(self, name: str) -> str | None:
        """A module such as `pytest` or `asyncio`."""
        return self._take(self.scope.spell_module(name))

    def imported(self, entry: Import) -> bool:
        """Make an import of the test's own; False where it would break a name that the file uses."""
        present = self.scope.file_names.imports.get(entry.bound)
        if present is None and entry.bound in self.scope.file_names:
            return False
        if present is not None and present != entry:
            return False
        if present is None:
            self.needed.add(entry)
        self.local.add(entry.bound)
        return True

    def string(self, text: str) -> str:
        """A string literal in the file's own quotes."""
        return requote(repr(text), self.quote)

    def _respelled(self, text: str, local: set[str], mode: str) -> str | None:
        lines = [line.encode() for line in text.split("\n")]
        changes: list[tuple[int, int, int, str]] = []
        for node in ast.walk(ast.parse(text, mode=mode)):
            if isinstance(node, ast.Name) and node.id not in local:
                spelled = self._take(self.scope.spell_name(node.id))
                if spelled is None:
                    return None
                changes.append((node.lineno, node.col_offset, node.end_col_offset or 0, spelled))
        for number, start, end, spelled in sorted(changes, reverse=True):
            line = lines[number - 1]
            lines[number - 1] = line[:start] + spelled.encode() + line[end:]
        return requote(b"\n".join(lines).decode(), self.quote)

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

    def _standard(self, value: Value) -> str | None:
        """Values of the standard library that compare by what their `repr` says."""
        module, _, name = value.type_name.partition(":")
        text = value.scalar
        if module == "builtins":
            return requote(text, self.quote)
        if module == "datetime":
            if text.count("datetime.") > 1 + text.startswith("datetime.datetime("):
                spelled = self._take(self.scope.spell_module("datetime"))
                return re.sub(r"\bdatetime\.(?=[a-z])", f"{spelled}.", text) if spelled else None
            spelled = self._take(self.scope.spell(module, name))
            return f"{spelled}({text.partition('(')[2]}" if spelled else None
        if module not in _STANDARD:
            return None
        name = name if name.startswith("Pure") else _STANDARD[module]
        inner = text.partition("(")[2][:-1] if text.startswith(f"{name}(") else repr(text)
        spelled = self._take(self.scope.spell(module, name))
        return requote(f"{spelled}({inner})", self.quote) if spelled else None

    def _object(self, value: Value) -> str | None:
        """A call of the constructor, for classes that compare by their fields."""
        module, _, name = value.type_name.partition(":")
        if value.type_name == "collections:deque":
            inner = self.value(value.items[0])
            spelled = self._take(self.scope.spell(module, name))
            return f"{spelled}({inner})" if spelled and inner else None
        defaults = self.classes.constructor_fields(module, name)
        if defaults is None or set(value.fields) != set(defaults):
            return None
        return self._call(value, defaults)

    def _call(self, value: Value, defaults: Mapping[str, str | None]) -> str | None:
        module, _, name = value.type_name.partition(":")
        by_name = dict(zip(value.fields, value.items, strict=True))
        arguments = []
        for field, default in defaults.items():
            text = self.value(by_name[field])
            if text is None:
                return None
            if default is None or requote(default, self.quote) != text:
                arguments.append(f"{field}={text}")
        spelled = self._take(self.scope.spell(module, name)) if "<" not in name else None
        return f"{spelled}({', '.join(arguments)})" if spelled else None


def _bound_inside(tree: ast.AST) -> set[str]:
    """Names that the code itself binds: assignments, comprehension variables, parameters."""
    found = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    return found | {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}

"""One suggested test, taken apart into what a test file writes: the call, its arguments, what is expected."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from genx_lsp.emit.literals import can_approx, has_nan, is_inexact
from genx_lsp.emit.scope import Import, resolve
from genx_lsp.emit.spelling import Writer
from genx_lsp.findings import TestSuggestion
from genx_lsp.target import Target
from genx_sandbox import Approx, Leaves, Raises, Returns, Value

_LONGEST_MATCH = 44
"""Keeps `with pytest.raises(ValueError, match=...)` within 88 columns."""
_MOST_LINES = 6
_LONGEST_LINE = 72
_ADDRESS = re.compile(r"(?:<[^<>]*)?\b0x[0-9a-fA-F]{6,}")

Wrap = Literal["", "list", "run", "collect"]
"""How a call becomes a value: `list(f())`, `asyncio.run(f())`, or all that it yields asynchronously."""


@dataclass(frozen=True)
class Argument:
    """One argument of the call: the parameter it goes to and its source."""

    name: str
    text: str
    keyword: bool = False

    @property
    def source(self) -> str:
        """As it stands between the parentheses."""
        return f"{self.name}={self.text}" if self.keyword else self.text


@dataclass(frozen=True)
class Case:
    """A test that can be written."""

    suggestion: TestSuggestion
    call: str
    """The call as the test file spells it."""
    callee: str
    arguments: tuple[Argument, ...] | None
    """None where they cannot be told apart (`*args`, or no call at all)."""
    kind: Literal["equals", "is", "approx", "nan", "raises", "leaves"]
    expected: str
    """What stands right of `==` or `is`, within `approx(...)`, or the exception."""
    wrap: Wrap = ""
    match: str = ""
    """Source of `match=`."""
    message: tuple[str, ...] = ()
    """Source of an error's lines where it has several: what `match=` would leave out."""
    after: tuple[tuple[int, str], ...] = ()
    """Arguments that the call changes, by index, and what it leaves them as."""
    setup: tuple[str, ...] = ()
    """Statements before the call."""
    needed: frozenset[Import] = frozenset()

    @property
    def observed(self) -> bool:
        """Whether the expectation is only what the code was seen to do."""
        return self.suggestion.basis == "observation"

    @property
    def plain(self) -> bool:
        """Whether every argument is a literal, so that cases can stand in a table."""
        return self.arguments is not None and all(_is_literal(a.text) for a in self.arguments)


Naming = Callable[[tuple[Argument, ...], Target], tuple[Argument, ...]]
"""Which of a call's arguments are given by name."""


def build_case(
    suggestion: TestSuggestion,
    target: Target,
    new_writer: Callable[[], Writer],
    naming: Naming = lambda given, target: given,
) -> Case | None:
    """The case, or None where no test file can express it (an unknown expectation, a value of no literal)."""
    writer = new_writer()
    setup = _setup(suggestion.test.setup, writer)
    if setup is None:
        return None
    call = writer.expression(suggestion.test.expression)
    if call is None:
        return None
    callee, arguments = _take_apart(call, target)
    if arguments and callee.rpartition(".")[2] == target.name and arguments != naming(arguments, target):
        arguments = naming(arguments, target)
        call = f"{callee}({', '.join(argument.source for argument in arguments)})"
    case = _expect(suggestion, target, writer, call, callee, arguments)
    if case is None or not _wrap_modules(case, writer):
        return None
    return replace(case, setup=setup, needed=frozenset(writer.needed))


def _setup(text: str, writer: Writer) -> tuple[str, ...] | None:
    """The statements before the call; their imports join the file's."""
    try:
        tree = ast.parse(textwrap.dedent(text))
    except (SyntaxError, ValueError):
        return None
    lines: list[str] = []
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            if not all(writer.imported(entry) for entry in _entries(node)):
                return None
            continue
        statement = writer.statement(node)
        if statement is None:
            return None
        lines += statement.split("\n")
    return tuple(lines)


def _entries(node: ast.Import | ast.ImportFrom) -> list[Import]:
    if isinstance(node, ast.Import):
        return [Import(a.name, "", a.asname or "") for a in node.names]
    return [Import(resolve(node, ""), a.name, a.asname or "") for a in node.names]


def _expect(
    suggestion: TestSuggestion,
    target: Target,
    writer: Writer,
    call: str,
    callee: str,
    arguments: tuple[Argument, ...] | None,
) -> Case | None:
    expectation = suggestion.test.expectation
    base = Case(suggestion, call, callee, arguments, "equals", "", _wrap(target, None))
    if isinstance(expectation, Raises):
        exception = writer.exception(expectation.type_name)
        if exception is None or writer.module("pytest") is None:
            return None
        base = replace(base, kind="raises", expected=exception)
        if message := _lines(expectation.match, writer):
            return replace(base, message=message)
        match = _match(expectation.match, writer)
        return None if match is None else replace(base, match=match)
    if isinstance(expectation, Leaves):
        after = _after(expectation, arguments, writer)
        return replace(base, kind="leaves", after=after) if after else None
    if not isinstance(expectation, Returns | Approx):
        return None
    value = expectation.value
    if has_nan(value):
        # NaN equals nothing, itself included.
        return replace(base, kind="nan") if value.kind == "float" and writer.module("math") else None
    text = _expected_text(suggestion, value, writer)
    if text is None:
        return None
    base = replace(base, wrap=_wrap(target, value), expected=text)
    if value.kind in ("none", "bool", "ellipsis", "enum"):
        return replace(base, kind="is")
    inexact = isinstance(expectation, Approx) or is_inexact(value)
    if inexact and can_approx(value) and (pytest := writer.module("pytest")):
        tolerance = ""
        if isinstance(expectation, Approx) and (expectation.rel, expectation.abs) != (1e-6, 1e-12):
            tolerance = f", rel={expectation.rel:g}, abs={expectation.abs:g}"
        return replace(base, kind="approx", expected=f"{pytest}.approx({text}{tolerance})")
    return base


def _expected_text(suggestion: TestSuggestion, value: Value, writer: Writer) -> str | None:
    """The right-hand side as its author wrote it, where it is a literal; else made from the value."""
    written = suggestion.test.expected_text.strip()
    if written and _is_literal(written) and value.kind not in ("float", "iterator"):
        return writer.expression(written)
    return writer.value(value)


def _take_apart(call: str, target: Target) -> tuple[str, tuple[Argument, ...] | None]:
    node = ast.parse(call, mode="eval").body
    if not isinstance(node, ast.Call):
        return call, None
    data = call.encode()

    def text(part: ast.expr) -> str:
        return data[part.col_offset : part.end_col_offset].decode()

    callee = text(node.func)
    names = [p.name for p in target.parameters if p.kind in ("positional_only", "positional_or_keyword")]
    if callee.rpartition(".")[2] != target.name or len(node.args) > len(names):
        names = [f"argument_{i}" for i in range(1, len(node.args) + 1)]
    if any(isinstance(a, ast.Starred) for a in node.args) or any(k.arg is None for k in node.keywords):
        return callee, None
    positional = [Argument(name, text(a)) for name, a in zip(names, node.args, strict=False)]
    keywords = [Argument(k.arg or "", text(k.value), keyword=True) for k in node.keywords]
    return callee, (*positional, *keywords)


def _after(
    expectation: Leaves, arguments: tuple[Argument, ...] | None, writer: Writer
) -> tuple[tuple[int, str], ...]:
    """The arguments that are not left as they were given."""
    if arguments is None or len(arguments) != len(expectation.arguments):
        return ()
    changed = []
    for index, (argument, value) in enumerate(zip(arguments, expectation.arguments, strict=True)):
        text = writer.value(value)
        if text is None:
            return ()
        if not _same_expression(argument.text, text):
            changed.append((index, text))
    return tuple(changed)


def _match(pattern: str | None, writer: Writer) -> str | None:
    """Source of `match=`: plain where the text has nothing special; None where `re` cannot be imported."""
    if not pattern:
        return ""
    plain = _plain(pattern)
    if re.escape(plain) != pattern:
        # Written by a person: it stays a pattern.
        raw = f"r{writer.quote}{pattern}{writer.quote}"
        fits = "\\" in pattern and writer.quote not in pattern and "\n" not in pattern
        return raw if fits else writer.string(pattern)
    plain = _stable_part(plain)
    if not plain:
        return ""
    if not any(c in ".^$*+?{}[]\\|()" for c in plain):
        return writer.string(plain)
    module = writer.module("re")
    return f"{module}.escape({writer.string(plain)})" if module else None


def _lines(pattern: str | None, writer: Writer) -> tuple[str, ...]:
    """The lines of a message that has several, where all of it is the same everywhere; else none.

    Parsers draw where the error is below what they read.
    """
    plain = _plain(pattern or "")
    lines = plain.splitlines(keepends=True)
    if re.escape(plain) != pattern or not 1 < len(lines) <= _MOST_LINES or _ADDRESS.search(plain):
        return ()
    return tuple(map(writer.string, lines)) if max(map(len, lines)) <= _LONGEST_LINE else ()


def _plain(pattern: str) -> str:
    return re.sub(r"\\(.)", r"\1", pattern, flags=re.DOTALL)


def _stable_part(message: str) -> str:
    """What of a message is worth matching: its first line, cut at a word, up to any memory address."""
    line = message.split("\n", 1)[0]
    line = _ADDRESS.split(line)[0]
    if len(line) > _LONGEST_MATCH:
        line = line[:_LONGEST_MATCH].rpartition(" ")[0] or line[:_LONGEST_MATCH]
    return line.rstrip() if line != message else line


def _wrap(target: Target, value: Value | None) -> Wrap:
    if target.is_async:
        return "collect" if target.is_generator else "run"
    if target.is_generator or (value is not None and value.kind == "iterator"):
        return "list"
    return ""


def _wrap_modules(case: Case, writer: Writer) -> bool:
    return case.wrap not in ("run", "collect") or writer.module("asyncio") is not None


def _is_literal(text: str) -> bool:
    try:
        ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text in ('float("inf")', 'float("-inf")', "float('inf')", "float('-inf')")
    return True


def _same_expression(first: str, second: str) -> bool:
    try:
        return ast.dump(ast.parse(first, mode="eval")) == ast.dump(ast.parse(second, mode="eval"))
    except (SyntaxError, ValueError):
        return first == second

"""Where a model may write: a line, a condition, or a place where a line may be missing."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from genx_lsp.propose.definition import take_apart
from genx_lsp.target import Target

_COLON = re.compile(r":\s*(#.*)?$")
_NO_LINES = (
    *(ast.Try, ast.Pass, ast.Import, ast.ImportFrom),
    *(ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef),
)


@dataclass(frozen=True)
class Hole:
    """`source[start:end]` of the definition is to be written anew."""

    start: int
    end: int
    kind: Literal["line", "condition", "missing"]
    line: int
    """1-based line of the module."""
    tail: str = ""
    """What follows a new line, before what stood there."""

    def fit(self, text: str) -> str:
        """A model's answer as it goes into the hole."""
        if self.kind == "condition":
            text = text.strip()
            return text[:-1].rstrip() if text.endswith(":") else text
        return text.strip() + self.tail


@dataclass(frozen=True)
class _Place:
    """The header or the whole of a statement: the lines to be replaced."""

    first: int
    last: int
    column: int
    rank: int
    """How often bugs sit in such a statement, lowest first; decides while nothing is suspicious."""
    test: ast.expr | None = None


def holes(target: Target, suspicion: Mapping[int, float], limit: int) -> Iterator[Hole]:
    """Yield whole lines first, up to `limit`; with suspicion also a condition and two missing lines."""
    places = _places(target)
    if not places:
        return
    shift = target.first_line - 1

    def doubt(place: _Place) -> float:
        lines = range(place.first + shift, place.last + shift + 1)
        return max((suspicion.get(line, 0.0) for line in lines), default=0.0)

    ordered = sorted(places, key=lambda p: (-doubt(p), p.rank, p.first))
    if suspicion:
        ordered = [p for p in ordered if doubt(p) > 0] or ordered
    text = _Text(target.source)
    for place in ordered[:limit]:
        start = text.offset(place.first, place.column)
        yield Hole(start, text.end(place.last), "line", place.first + shift)
    if not suspicion:
        return
    for place in ordered[: max(1, limit // 2)]:
        if place.test is not None:
            start = text.offset(place.test.lineno, place.test.col_offset)
            end = text.offset(place.test.end_lineno or 0, place.test.end_col_offset or 0)
            yield Hole(start, end, "condition", place.first + shift)
            break
    for place in ordered[: max(1, limit // 2)]:
        start = text.offset(place.first, place.column)
        tail = "\n" + text.indent(place.first)
        yield Hole(start, start, "missing", place.first + shift, tail)


class _Text:
    """Offsets into a text from lines and the UTF-8 columns of `ast`."""

    def __init__(self, source: str) -> None:
        self._lines = source.split("\n")
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line) + 1)

    def offset(self, line: int, column: int) -> int:
        return self._starts[line - 1] + len(self._lines[line - 1].encode()[:column].decode())

    def indent(self, line: int) -> str:
        text = self._lines[line - 1]
        return text[: len(text) - len(text.lstrip())]

    def header_end(self, line: int, most: int) -> int:
        """The line on which a header that reaches at least `line` has its colon."""
        while line < most and not _COLON.search(self._lines[line - 1]):
            line += 1
        return line

    def end(self, line: int) -> int:
        return self._starts[line] - 1


def _places(target: Target) -> list[_Place]:
    definition = take_apart(target)
    if definition is None:
        return []
    text = _Text(target.source)
    places: list[_Place] = []
    for node in ast.walk(definition.node):
        if not isinstance(node, ast.stmt) or node is definition.node:
            continue
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if is_text or isinstance(node, _NO_LINES):
            continue
        last = node.end_lineno or node.lineno
        body = getattr(node, "body", None)
        if isinstance(body, list) and body:
            if body[0].lineno == node.lineno:
                continue  # `if x: return y` on one line: its parts are no lines of their own.
            head = [getattr(node, name, None) for name in ("test", "iter", "target")]
            reach = max([node.lineno, *(e.end_lineno or 0 for e in head if isinstance(e, ast.expr))])
            last = text.header_end(reach, body[0].lineno - 1)
        places.append(_Place(node.lineno, last, node.col_offset, _rank(node), getattr(node, "test", None)))
    return places


def _rank(node: ast.stmt) -> int:
    if isinstance(node, (ast.If, ast.While)):
        return 0
    if isinstance(node, ast.Return):
        return 1
    if isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
        return 2
    return 3 if isinstance(node, (ast.For, ast.Expr)) else 4

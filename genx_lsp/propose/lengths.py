"""Texts as long as the code asks them to be: `12 <= len(digits)` wants one of twelve, and one too short."""

from __future__ import annotations

import ast
from collections.abc import Iterator

_LONGEST = 40
_DIGITS = "1234567890" * 5
_LETTERS = "abcdefghij" * 5


def texts_of_length(tree: ast.AST) -> list[str]:
    """Literals as source, as long as something's length is compared with, then longer and shorter ones."""
    asked = list(dict.fromkeys(n for n in _asked(tree) if 1 < n <= _LONGEST))
    exact = [repr(signs[:n]) for n in asked for signs in (_DIGITS, _LETTERS)]
    near = [repr(_DIGITS[:n]) for length in asked for n in (length + 1, length - 1)]
    return list(dict.fromkeys([*exact, *near]))


def _asked(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            if any(isinstance(s, ast.Call) and ast.unparse(s.func) == "len" for s in sides):
                for side in sides:
                    yield from _numbers(side)


def _numbers(node: ast.expr) -> Iterator[int]:
    parts = node.elts if isinstance(node, (ast.Tuple, ast.List, ast.Set)) else [node]
    for part in parts:
        if isinstance(part, ast.Constant) and type(part.value) is int:
            yield part.value

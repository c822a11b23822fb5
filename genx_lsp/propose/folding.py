"""What expressions of constants come to: `24 * 3600` is a threshold of 86400, `"^" + NAME` a pattern."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable

Number = int | float

_OPERATORS: dict[type[ast.operator], Callable[[Number, Number], Number]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_LARGEST = 10**15
_LARGEST_EXPONENT = 64
_DEEPEST = 20
_LONGEST = 4_000


def folded_number(node: ast.expr, depth: int = 0) -> Number | None:
    """The value of an expression of numbers alone; None for any other, and beyond 10**15."""
    if isinstance(node, ast.Constant):
        return (
            node.value if isinstance(node.value, (int, float)) and not isinstance(node.value, bool) else None
        )
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and depth < _DEEPEST:
        inner = folded_number(node.operand, depth + 1)
        return None if inner is None else -inner
    if not isinstance(node, ast.BinOp) or type(node.op) not in _OPERATORS or depth >= _DEEPEST:
        return None
    left, right = folded_number(node.left, depth + 1), folded_number(node.right, depth + 1)
    if left is None or right is None or (isinstance(node.op, ast.Pow) and abs(right) > _LARGEST_EXPONENT):
        return None
    try:
        made = _OPERATORS[type(node.op)](left, right)
    except (ArithmeticError, ValueError):
        return None
    return made if isinstance(made, (int, float)) and abs(made) <= _LARGEST else None


def folded_text(node: ast.expr, value_of: Callable[[str], ast.expr | None], depth: int = 0) -> str | None:
    """The value of an expression of texts, None for any other. `value_of` says what a dotted name is."""
    if depth > _DEEPEST:
        return None
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, (ast.Name, ast.Attribute)):
        value = value_of(ast.unparse(node))
        return folded_text(value, value_of, depth + 1) if value is not None else None
    if isinstance(node, ast.FormattedValue):
        plain = node.conversion == -1 and node.format_spec is None
        return folded_text(node.value, value_of, depth + 1) if plain else None
    if isinstance(node, ast.IfExp):
        text = folded_text(node.body, value_of, depth + 1)
        return folded_text(node.orelse, value_of, depth + 1) if text is None else text
    parts: list[ast.expr] = []
    if isinstance(node, ast.JoinedStr):
        parts = node.values
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        parts = [node.left, node.right]
    found = [folded_text(part, value_of, depth + 1) for part in parts]
    texts = [text for text in found if text is not None]
    if not parts or len(texts) < len(parts):
        return None
    text = "".join(texts)
    return text if len(text) <= _LONGEST else None

"""Numbers that code spells as a sum or a product: `24 * 3600` is a threshold of 86400, not of 24 and 3600."""

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

"""From the right-hand side of a test, as source, to an expectation."""

from __future__ import annotations

import ast

from genx_sandbox import Approx, Expectation, Raises, Returns, Unknown, Value

_LONG_FLOAT_DIGITS = 6
"""A float written with more digits was computed, not chosen; another order of adding may differ."""


def expectation_of(node: ast.expr) -> Expectation:
    """`Returns` for a literal, `Approx` for `pytest.approx` and computed floats, else `Unknown`.

    `Unknown` beside a text means that the text is still to be evaluated, in the sandbox.
    """
    approx = _approx_call(node)
    if approx is not None:
        return approx
    try:
        value = ast.literal_eval(node)
        if isinstance(value, float) and len(repr(value).strip("-0.").replace(".", "")) > _LONG_FLOAT_DIGITS:
            return Approx(Value.of(value))
        return Returns(Value.of(value))
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return Unknown()


def is_literal(node: ast.expr) -> bool:
    """Whether an expression is made of literals only."""
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return False
    return True


def raises_of(exception: ast.expr, match: ast.expr | None = None) -> Raises | None:
    """`Raises` for `ValueError`, `errors.OutOfStock`, or a tuple of one; None for anything else."""
    if isinstance(exception, ast.Tuple) and len(exception.elts) == 1:
        exception = exception.elts[0]
    if not isinstance(exception, (ast.Name, ast.Attribute)):
        return None
    pattern: str | None = None
    if match is not None:
        if not (isinstance(match, ast.Constant) and isinstance(match.value, str)):
            return None
        pattern = match.value
    return Raises(ast.unparse(exception), pattern)


def _approx_call(node: ast.expr) -> Approx | None:
    if not (
        isinstance(node, ast.Call) and ast.unparse(node.func) in ("pytest.approx", "approx") and node.args
    ):
        return None
    options = {"rel": 1e-6, "abs": 1e-12}
    try:
        value = Value.of(ast.literal_eval(node.args[0]))
        given = dict(zip(("rel", "abs"), (ast.literal_eval(a) for a in node.args[1:]), strict=False))
        given |= {k.arg: ast.literal_eval(k.value) for k in node.keywords if k.arg in options}
        # By pytest's rule an absolute tolerance given alone switches the relative one off.
        if given.get("abs") is not None and given.get("rel") is None:
            options["rel"] = 0.0
        options |= {k: float(v) for k, v in given.items() if v is not None}
    except (ValueError, TypeError, SyntaxError, RecursionError):
        return None
    return Approx(value, rel=options["rel"], abs=options["abs"])

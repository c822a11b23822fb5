"""What counts as the same answer when programs vote. Wider than equal outcomes, on purpose.

Programs written from a description alone word their error messages differently, sort a list in place or a
copy of it, return 2.0 where another returns 2. None of that is a disagreement about what was asked.
"""

from __future__ import annotations

from genx_lsp.candidate import CallTest, CodeCandidate
from genx_lsp.engine.matrix import Matrix
from genx_sandbox import Outcome, Value

# Digits in which two floats have to agree: sums in another order still do, other formulas do not.
DIGITS = 9


def answer(outcome: Outcome) -> str:
    """A key: equal for values that Python or a reader would call equal, and for exceptions of one type."""
    if outcome.kind == "exception" and outcome.raised is not None:
        return f"raises {outcome.raised.type_name}"
    if outcome.kind != "value" or outcome.value is None:
        return outcome.kind
    if outcome.value.kind == "none" and outcome.arguments_after is not None:
        return "leaves " + ", ".join(_told(value) for value in outcome.arguments_after)
    return "gives " + _told(outcome.value)


def _told(value: Value) -> str:
    if value.kind in ("int", "float"):
        return _number(value)
    items = [_told(item) for item in value.items]
    kind = "list" if value.kind == "iterator" else value.kind
    if kind in ("set", "frozenset"):
        items.sort()
    if kind == "dict":
        items = sorted(f"{key}:{held}" for key, held in zip(items[::2], items[1::2], strict=True))
    name = "" if kind == "list" else value.type_name
    return f"{kind} {name} {value.scalar} {value.fields} [{', '.join(items)}]"


def _number(value: Value) -> str:
    """Whole numbers beyond a float's reach are told digit by digit: in decimal, and the largest in hex."""
    if value.kind == "int" and len(value.scalar) > 15:
        return value.scalar
    try:
        return f"{float(value.scalar):.{DIGITS}g}"
    except ValueError:  # a program may put any text on its channel
        return value.scalar


def answers(matrix: Matrix, code: CodeCandidate, tests: list[CallTest]) -> tuple[str | None, ...]:
    """The answers of a program to each test's call; None where it was not run."""
    found = (matrix.outcome(code, test) for test in tests)
    return tuple(None if outcome is None else answer(outcome) for outcome in found)


def is_empty(value: Value) -> bool:
    """No text, no number but zero, nothing in it: what code often gives when it does nothing."""
    if value.kind in ("object", "list", "tuple", "set", "frozenset", "dict", "iterator"):
        return not value.scalar and all(map(is_empty, value.items))
    return value.kind == "none" or value.scalar in ("0", "0.0", "''", "b''", "True", "False")

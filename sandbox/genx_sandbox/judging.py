"""The parent's verdict: an outcome held against an expectation the child never saw.

Three answers: True, False, and None where it cannot be decided (nothing is expected yet, the value was
cut off at a cap, its own `__eq__` would have to be run, a pattern takes too long).
"""

from __future__ import annotations

import ast
import cmath
import contextlib
import decimal
import fractions
import math
from collections.abc import Iterable, Sequence

from genx_sandbox.errors import ProtocolError
from genx_sandbox.outcomes import Outcome, Raised
from genx_sandbox.patterns import search
from genx_sandbox.values import Value, scalar
from genx_sandbox.verdicts import Approx, Expectation, Leaves, Raises, Unknown

_NUMBERS = ("bool", "int", "float", "complex")
_SEQUENCES = ("list", "tuple")
_BY_TEXT = frozenset(("bool", "int", "str", "bytes", "none", "ellipsis"))
_SETS = ("set", "frozenset")
_EXACT_NUMBERS = {"decimal:Decimal": decimal.Decimal, "fractions:Fraction": fractions.Fraction}


def judge(outcome: Outcome, expectation: Expectation) -> bool | None:
    """Whether the outcome is what was expected; None if that cannot be decided."""
    if isinstance(expectation, Unknown):
        return None
    if outcome.kind in ("timeout", "crash", "refused"):
        return False
    if isinstance(expectation, Raises):
        # pytest.raises stands around the call alone.
        called = outcome.kind == "exception" and not outcome.early
        return _raises(outcome.raised, expectation) if called else False
    if outcome.kind == "exception" or outcome.value is None:
        return False
    if isinstance(expectation, Leaves):
        return _leaves(outcome, expectation)
    try:
        if isinstance(expectation, Approx):
            return _near(outcome.value, expectation.value, expectation.rel, expectation.abs)
        if expectation.exact:
            return _identical(outcome.value, expectation.value)
        return equal(outcome.value, expectation.value)
    except (ValueError, OverflowError, RecursionError, ProtocolError, SyntaxError, MemoryError):
        return None


def equal(left: Value, right: Value) -> bool | None:
    """Python's `==` between two trees, with numbers compared across types and NaN equal to nothing."""
    # Most of what is compared: scalars whose canonical texts say it all, in sequences of one kind.
    if left.kind == right.kind:
        if left.kind in _BY_TEXT:
            return left.scalar == right.scalar
        if left.kind in _SEQUENCES:
            return _all_equal(left.items, right.items)
    if "truncated" in (left.kind, right.kind):
        return None
    if "opaque" in (left.kind, right.kind):
        return None if left.kind == right.kind or _opaque_subclass(left, right) else False
    left, right = _unwrap(left, right), _unwrap(right, left)
    if left.kind == right.kind == "bytes":
        return left.scalar == right.scalar
    if left.kind == right.kind == "enum":
        return left.type_name == right.type_name and left.scalar == right.scalar
    a, b = _number(left), _number(right)
    if a is not None and b is not None:
        return a == b
    if left.kind in _SETS and right.kind in _SETS:
        return _equal_sets(left.items, right.items)
    if left.kind != right.kind:
        return False
    if left.kind == "dict":
        return _equal_dicts(left, right)
    if left.kind in ("object", "iterator"):
        same = (
            left.type_name == right.type_name and left.fields == right.fields and left.scalar == right.scalar
        )
        return _all_equal(left.items, right.items) if same else False
    return False


def _identical(left: Value, right: Value) -> bool | None:
    """Types told apart, NaN equal to itself, -0.0 not to 0.0."""
    if left == right:
        return None if _unsure(left) else True
    return None if _unsure(left) and _prefix_equal(left, right) else False


def _unsure(value: Value) -> bool:
    return value.kind in ("truncated", "opaque") or any(_unsure(item) for item in value.items)


def _prefix_equal(left: Value, right: Value) -> bool:
    """Whether the trees agree as far as both are known."""
    if left.kind == "truncated" or right.kind == "truncated":
        return True
    if (left.kind, left.scalar, left.type_name) != (right.kind, right.scalar, right.type_name):
        return False
    pairs = zip(left.items, right.items, strict=False)
    cut = any(item.kind == "truncated" for item in (*left.items, *right.items))
    return (cut or len(left.items) == len(right.items)) and all(_prefix_equal(a, b) for a, b in pairs)


def _opaque_subclass(left: Value, right: Value) -> bool:
    """An opaque value of a builtin's subclass may say anything about its equality with a builtin."""
    opaque = left if left.kind == "opaque" else right
    return "own __eq__" in opaque.scalar


def _unwrap(value: Value, other: Value) -> Value:
    """What a value stands for beside `other`: an IntEnum or StrEnum for its value, a bytearray for bytes."""
    if value.kind == "enum" and other.kind != "enum" and value.fields == ("mixin",):
        return value.items[0]
    if (value.kind, value.type_name, other.kind) == ("object", "builtins:bytearray", "bytes"):
        # They escape quotes differently, so the text is read.
        with contextlib.suppress(ValueError, SyntaxError, MemoryError, RecursionError):
            inside = ast.literal_eval(value.scalar[len("bytearray(") : -1] or "b''")
            return Value("bytes", repr(inside)) if type(inside) is bytes else value
    return value


def _number(value: Value) -> complex | fractions.Fraction | decimal.Decimal | None:
    if value.kind in _NUMBERS:
        found = scalar(value)
        assert not isinstance(found, (str, bytes))
        return found
    maker = _EXACT_NUMBERS.get(value.type_name) if value.kind == "object" else None
    if maker is None:
        return None
    inside = value.scalar.partition("(")[2].rstrip(")").strip("'")
    if maker is fractions.Fraction:
        top, _, bottom = inside.partition(", ")
        return fractions.Fraction(int(top), int(bottom or "1"))
    return decimal.Decimal(inside)


def _combine(verdicts: Iterable[bool | None]) -> bool | None:
    """Three-valued `all`: one False decides, otherwise one None leaves it open."""
    answer: bool | None = True
    for verdict in verdicts:
        if verdict is False:
            return False
        if verdict is None:
            answer = None
    return answer


def _all_equal(left: Sequence[Value], right: Sequence[Value]) -> bool | None:
    cut = any(item.kind == "truncated" for item in (*left[-1:], *right[-1:]))
    if len(left) != len(right) and not cut:
        return False
    verdict = _combine(map(equal, left, right))
    return None if verdict and len(left) != len(right) else verdict


def _equal_sets(left: Sequence[Value], right: Sequence[Value]) -> bool | None:
    if len(left) != len(right):
        return False
    if set(left) == set(right) and not any(_unsure(v) or _has_nan(v) for v in left):
        return True
    rest = list(right)
    open_question = False
    for value in left:
        verdicts = [equal(value, other) for other in rest]
        if True in verdicts:
            del rest[verdicts.index(True)]
        elif None in verdicts:
            open_question = True
        else:
            return False
    return None if open_question else True


def _equal_dicts(left: Value, right: Value) -> bool | None:
    if len(left.items) != len(right.items):
        return False
    rest = list(zip(right.items[::2], right.items[1::2], strict=True))
    verdicts: list[bool | None] = []
    for key, held in zip(left.items[::2], left.items[1::2], strict=True):
        for position, (other, value) in enumerate(rest):
            same = equal(key, other)
            if same is not False:
                del rest[position]
                verdicts.append(_combine([same, equal(held, value)]))
                break
        else:
            return False
    return _combine(verdicts)


def _has_nan(value: Value) -> bool:
    return (value.kind in ("float", "complex") and "nan" in value.scalar) or any(map(_has_nan, value.items))


def _near(left: Value, right: Value, rel: float, absolute: float) -> bool | None:
    """`pytest.approx`: numbers within the larger tolerance, element by element in lists, tuples and dicts."""
    a, b = _number(_unwrap(left, right)), _number(_unwrap(right, left))
    if a is not None and b is not None:
        if left.kind == "bool" or right.kind == "bool":
            return a == b
        return _close(complex(a), complex(b), rel, absolute)
    if left.kind in _SEQUENCES and right.kind == left.kind:
        if len(left.items) != len(right.items):
            return False
        return _combine(_near(x, y, rel, absolute) for x, y in zip(left.items, right.items, strict=True))
    if left.kind == right.kind == "dict":
        if len(left.items) != len(right.items):
            return False
        held = dict(zip(left.items[::2], left.items[1::2], strict=True))
        pairs = zip(right.items[::2], right.items[1::2], strict=True)
        return _combine(_near(held[k], v, rel, absolute) if k in held else False for k, v in pairs)
    return equal(left, right)


def _close(a: complex, b: complex, rel: float, absolute: float) -> bool:
    if a == b:
        return True
    if cmath.isnan(a) or cmath.isnan(b) or math.isinf(abs(b)) or math.isinf(abs(a)):
        return False
    # The tolerance follows the expected value, as pytest's does.
    return abs(a - b) <= max(rel * abs(b), absolute)


def _raises(raised: Raised | None, expectation: Raises) -> bool | None:
    if raised is None:
        return False
    verdict = _is_type(raised, expectation.type_name)
    if verdict is not False and expectation.match is not None:
        return _combine([verdict, search(expectation.match, raised.message)])
    return verdict


def _is_type(raised: Raised, wanted: str) -> bool | None:
    """By full name where one is given; a bare name is any type of that name."""
    names = (raised.type_name, *raised.bases)
    if wanted in names or f"builtins.{wanted}" in names:
        return True
    last = wanted.rpartition(".")[2]
    by_last = any(name.rpartition(".")[2] == last for name in names)
    if not by_last:
        return False
    # `shop.OutOfStock` may be `shop.errors.OutOfStock`, imported where it is used, or another class.
    return True if last == wanted else None


def _leaves(outcome: Outcome, expectation: Leaves) -> bool | None:
    left = outcome.arguments_after if outcome.arguments_after is not None else outcome.arguments_before
    return None if left is None else _all_equal(left, expectation.arguments)

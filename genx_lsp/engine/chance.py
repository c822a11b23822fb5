"""What can be said of a function that depends on chance: what its results have in common, whatever they are.

No single value can be expected of `shuffled([3, 1, 2])`; of `sorted(shuffled([3, 1, 2]))` one can, of the
length of a random token too, and of `roll(6)` that it lies from 1 to 6.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from itertools import pairwise

from genx_lsp.candidate import CallTest, TestOrigin
from genx_lsp.engine.budget import Budget
from genx_lsp.engine.job import Job
from genx_lsp.propose.keys import normal_expression, parse_expression, test_key
from genx_sandbox import Call, SandboxCancelled, Unknown, Value

_CALLS = 12
_LOOKS = 1_000
"""At what holds of every result: what is so 99 times of 100 makes a test that fails now and then."""
_LEAST_TEXT = 2
_SIZED = ("list", "tuple", "str", "bytes", "set", "frozenset", "dict")


def invariants(job: Job) -> list[CallTest]:
    """Calls that ask what holds of every result of the calls that were left out; outcomes unknown yet.

    Comparisons among them (`1 <= roll(6) <= 6`) are claims, worth a test only where they are true.
    """
    if not job.chancy:
        return []
    found: dict[str, CallTest] = {}
    asked = 0
    for test in job.matrix.tests:
        outcome = job.matrix.outcome(job.original, test)
        value = outcome.value if outcome is not None and outcome.kind == "value" else None
        if value is None or test.key not in job.excluded or asked >= _CALLS:
            continue
        asked += 1
        for expression in _asked(test.expression, value):
            text = normal_expression(expression)
            key = test_key(text, Unknown(), test.setup)
            found[key] = CallTest(key, text, origin=TestOrigin.BOUNDARY, setup=test.setup)
    return list(found.values())


def hold(job: Job, tests: Sequence[CallTest], budget: Budget) -> None:
    """Exclude values that are not the same many times: `0 <= roll(100) < 100` is mostly true.

    One that could not be looked at so often, for want of time or since it changes its object, goes too.
    """
    outcomes = [(test, job.matrix.outcome(job.original, test)) for test in tests]
    valued = [test for test, outcome in outcomes if outcome is not None and outcome.kind == "value"]
    asked = [test for test in valued if test.key not in job.excluded]
    looks = f"for _ in range({_LOOKS})}}) == 1"
    calls = [Call(test.key, f"len({{repr({test.expression}) {looks}", test.setup) for test in asked]
    steady: set[str] = set()
    try:
        for result in (
            job.executor.run_calls([job.matrix.program(job.original)], calls, budget) if calls else ()
        ):
            steady |= {
                c.key for c, o in zip(calls, result.outcomes, strict=True) if o.value == Value.of(True)
            }
    except SandboxCancelled:
        if budget.cancelled:
            raise
    finally:
        job.excluded |= {test.key for test in asked} - steady


def _asked(expression: str, value: Value) -> Iterator[str]:
    given = _arguments(expression)
    if value.kind in ("list", "tuple") and _orderly(value.items):
        yield f"sorted({expression})"
    elif value.kind in _SIZED:
        yield f"len({expression})"
    if value.kind in ("int", "float"):
        yield from _bounds(expression, given)
    for argument in given:
        if isinstance(argument, (ast.List, ast.Tuple, ast.Set, ast.Dict)) or _is_text(argument):
            yield f"{expression} in {ast.unparse(argument)}"


def _bounds(expression: str, given: Sequence[ast.expr]) -> Iterator[str]:
    """Between what was passed, or from nought or one up to it."""
    numbers = [ast.unparse(a) for a in given if _is_number(a)]
    for low, high in pairwise(numbers):
        yield f"{low} <= {expression} <= {high}"
    if len(numbers) == 1:
        yield f"1 <= {expression} <= {numbers[0]}"
        yield f"0 <= {expression} < {numbers[0]}"
        yield f"0 <= {expression} <= {numbers[0]}"
    elif not numbers:
        yield f"0 <= {expression} < 1"


def _arguments(expression: str) -> list[ast.expr]:
    node = parse_expression(expression)
    return [*node.args, *(k.value for k in node.keywords)] if isinstance(node, ast.Call) else []


def _orderly(items: Sequence[Value]) -> bool:
    """`sorted` takes them: numbers, or texts."""
    kinds = {item.kind for item in items}
    return bool(items) and (kinds <= {"int", "float", "bool"} or kinds == {"str"})


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) >= _LEAST_TEXT


def _is_number(node: ast.expr) -> bool:
    inner = node.operand if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) else node
    return (
        isinstance(inner, ast.Constant)
        and isinstance(inner.value, (int, float))
        and not isinstance(inner.value, bool)
    )

"""Calls a step away from known ones: where candidates that pass the same tests may part."""

from __future__ import annotations

import ast
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from genx_lsp.candidate import CallTest, TestCandidate, TestOrigin
from genx_lsp.propose.keys import normal_expression, parse_expression, test_key
from genx_sandbox import Unknown

_TRIES = 8
"""Changes tried for every call that is still wanted."""
_BORROWED = 0.25
"""How often an argument is taken from elsewhere in its call."""
_LONGEST = 400
"""Characters of a call."""


def propose(calls: Sequence[CallTest], count: int, seed: int) -> Iterator[TestCandidate]:
    """Yield at most `count` calls, each made from one of `calls` by one to three changes of its literals.

    The same calls and seed give the same neighbours. Calls without literal arguments have none.
    """
    dice = random.Random(seed)
    sources = [call for call in calls if _arguments(call.expression)]
    known = {normal_expression(call.expression) for call in calls}
    for _ in range(_TRIES * count if sources else 0):
        if count <= 0:
            return
        source = dice.choice(sources)
        expression = _changed(source.expression, dice)
        if not expression or len(expression) > _LONGEST or normal_expression(expression) in known:
            continue
        known.add(normal_expression(expression))
        count -= 1
        yield CallTest(
            key=test_key(expression, Unknown()),
            expression=expression,
            origin=TestOrigin.BOUNDARY,
            setup=source.setup,
        )


def _arguments(expression: str) -> list[ast.expr]:
    node = parse_expression(expression)
    if not isinstance(node, ast.Call):
        return []
    return [a for a in [*node.args, *(k.value for k in node.keywords)] if _literal(a)[0]]


def _literal(node: ast.expr) -> tuple[bool, object]:
    try:
        return True, ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False, None


def _changed(expression: str, dice: random.Random) -> str:
    node = parse_expression(expression)
    if not isinstance(node, ast.Call):
        return ""
    for _ in range(dice.randint(1, 3)):
        slots = [(node.args, i) for i, a in enumerate(node.args) if _literal(a)[0]]
        keywords = [k for k in node.keywords if _literal(k.value)[0]]
        if keywords and (not slots or dice.random() < 0.3):
            keyword = dice.choice(keywords)
            keyword.value = _expression(step(_literal(keyword.value)[1], dice))
        elif slots:
            holder, index = dice.choice(slots)
            value = _literal(holder[index])[1]
            others = _alike(node, value) if dice.random() < _BORROWED else []
            holder[index] = _expression(dice.choice(others) if others else step(value, dice))
    return ast.unparse(node)


def _alike(call: ast.Call, value: object) -> list[object]:
    """Other numbers or texts of the same call: what is looked for may stand in what is searched."""
    if not isinstance(value, (int, float, str, bytes)):
        return []
    held = [
        node.value for argument in call.args for node in ast.walk(argument) if isinstance(node, ast.Constant)
    ]
    return [other for other in dict.fromkeys(held) if type(other) is type(value) and other != value]


def _expression(value: object) -> ast.expr:
    parsed = parse_expression(repr(value))
    assert parsed is not None
    return parsed


def step(value: object, dice: random.Random) -> object:
    """A neighbour of a literal, of the same type where it has one."""
    if isinstance(value, bool) or value is None:
        return not value if value is not None else None
    if isinstance(value, int):
        return value + dice.choice((-2, -1, 1, 2)) if dice.random() < 0.9 else -value
    if isinstance(value, float):
        return value + dice.choice((-1.0, -0.5, 0.5, 1.0))
    if isinstance(value, str):
        return "".join(_rearranged(list(value), dice, lambda c: c))
    if isinstance(value, bytes):
        return bytes(b for b in _rearranged(list(value), dice, lambda b: b) if isinstance(b, int))
    if isinstance(value, list):
        return _rearranged(list(value), dice, lambda v: step(v, dice))
    if isinstance(value, tuple):
        items = list(value)
        if items:
            place = dice.randrange(len(items))
            items[place] = step(items[place], dice)
        return tuple(items)
    if isinstance(value, dict) and value:
        key = dice.choice(list(value))
        return {k: step(v, dice) if k == key else v for k, v in value.items()}
    return value


def _rearranged(items: list[Any], dice: random.Random, change: Callable[[Any], Any]) -> list[Any]:
    """One item dropped, doubled, swapped with another, or changed."""
    if not items:
        return items
    place = dice.randrange(len(items))
    how = dice.randrange(4)
    if how == 0:
        del items[place]
    elif how == 1:
        items.insert(dice.randrange(len(items) + 1), items[place])
    elif how == 2:
        other = dice.randrange(len(items))
        items[place], items[other] = items[other], items[place]
    else:
        items[place] = change(items[place])
    return items

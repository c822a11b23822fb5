"""Tests found by search, made short: what catches the same faults with less in it reads better.

Delta debugging (Zeller and Hildebrandt 2002) on the call's own parts: pieces of texts, elements of
collections and digits are left out as long as the test still catches every fault, and reaches every line,
that it was taken for.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from genx_lsp.candidate import CallTest, CodeCandidate, TestOrigin
from genx_lsp.engine.answers import is_empty
from genx_lsp.engine.budget import Budget
from genx_lsp.engine.job import Job
from genx_lsp.engine.search import run
from genx_lsp.propose.keys import normal_expression, parse_expression, test_key
from genx_sandbox import Outcome, SandboxCancelled, Unknown

ROUNDS = 6
TRIED = 48
"""Shorter calls tried a round."""
PLAIN = 3
"""A word of this length, or a number of as many digits, is short enough."""


@dataclass(frozen=True)
class Wanted:
    """A test and what it has to keep: faults to catch, lines to reach."""

    test: CallTest
    faults: tuple[CodeCandidate, ...]
    lines: frozenset[int]
    is_found: bool = True
    """By search. Texts of a call that was proposed are such as people write, and stay whole."""


def shortened(job: Job, wanted: Sequence[Wanted], brief: float, budget: Budget) -> dict[str, CallTest]:
    """Test keys to shorter tests of unknown expectation, as many as the time allows."""
    found: dict[str, CallTest] = {}
    for one in wanted:
        if budget.is_set():
            break
        try:
            shorter = _shorter(job, one, brief, budget)
        except SandboxCancelled:
            if budget.cancelled:
                raise
            break
        if shorter is not None:
            found[one.test.key] = shorter
    return found


def _shorter(job: Job, wanted: Wanted, brief: float, budget: Budget) -> CallTest | None:
    first = job.matrix.outcome(job.original, wanted.test)
    if first is None or wanted.test.origin is not TestOrigin.BOUNDARY:
        return None
    best, seen = wanted.test, {wanted.test.expression}
    for _ in range(ROUNDS):
        texts = [
            t
            for t in simpler(best.expression, texts=wanted.is_found)
            if t not in seen and len(t) < len(best.expression)
        ]
        texts = sorted(dict.fromkeys(texts), key=len)[:TRIED]
        seen.update(texts)
        better = next(
            _that_do(job, wanted, first, [_made(best, text) for text in texts], brief, budget), None
        )
        if better is None:
            break
        best = better
    return best if best is not wanted.test else None


def _that_do(
    job: Job, wanted: Wanted, first: Outcome, tests: list[CallTest], brief: float, budget: Budget
) -> Iterator[CallTest]:
    """Those that end as the first did and keep what is wanted, in their order."""
    if not tests:
        return
    programs = [
        job.matrix.program(job.original, probes=True),
        *(job.matrix.program(fault, brief=brief) for fault in wanted.faults),
    ]
    original, *faulty = run(job, programs, tests, budget)
    for index, test in enumerate(tests):
        outcome = original[index]
        alike = outcome.kind == first.kind and not outcome.early
        if outcome.raised is not None and first.raised is not None:
            alike &= outcome.raised.type_name == first.raised.type_name
        if outcome.value is not None and first.value is not None:
            alike &= is_empty(first.value) or not is_empty(outcome.value)
        others = [outcomes[index] for outcomes in faulty]
        caught = all(other.kind != "refused" and other.key != outcome.key for other in others)
        if alike and caught and wanted.lines <= outcome.lines:
            yield test


def _made(test: CallTest, text: str) -> CallTest:
    return replace(test, key=test_key(text, Unknown(), test.setup), expression=text, expectation=Unknown())


def simpler(expression: str, *, texts: bool = True) -> Iterator[str]:
    """The call with one of its parts made smaller, each way once; nothing is emptied. Texts where wanted."""
    tree = parse_expression(expression)
    if tree is None:
        return
    computed = {id(part) for node in ast.walk(tree) if isinstance(node, ast.BinOp) for part in ast.walk(node)}
    for index, node in enumerate(ast.walk(tree)):
        if id(node) in computed or (isinstance(node, ast.Constant) and not texts):
            continue
        for smaller in _smaller(node):
            other = copy.deepcopy(tree)
            place = next(n for i, n in enumerate(ast.walk(other)) if i == index)
            vars(place).update(vars(smaller))
            yield normal_expression(ast.unparse(other))


def _smaller(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        if len(node.value) > PLAIN or not node.value.isalnum():
            yield from (ast.Constant(text) for text in _pieces_left_out(node.value))
    elif isinstance(node, ast.Constant) and type(node.value) is int and node.value >= 10**PLAIN:
        yield from (ast.Constant(int(text)) for text in _pieces_left_out(str(node.value)))
    elif isinstance(node, (ast.List, ast.Tuple, ast.Set)) and len(node.elts) > 1:
        for index in range(len(node.elts)):
            left = [n for i, n in enumerate(node.elts) if i != index]
            yield ast.Set(left) if isinstance(node, ast.Set) else type(node)(left, ast.Load())
    elif isinstance(node, ast.Dict) and len(node.keys) > 1:
        for index in range(len(node.keys)):
            pairs = [p for i, p in enumerate(zip(node.keys, node.values, strict=True)) if i != index]
            yield ast.Dict([k for k, _ in pairs], [v for _, v in pairs])


def _pieces_left_out(text: str) -> Iterator[str]:
    """Without a half, a quarter, ... a sign of it."""
    size = len(text)
    while size > 1:
        size = (size + 1) // 2
        for start in range(0, len(text), size):
            yield text[:start] + text[start + size :]

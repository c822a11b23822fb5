"""The generators with real models: what comes out is well-formed whatever a small model says."""

from __future__ import annotations

import ast
import sys
import threading
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from genx_lsp.config import Settings
from genx_lsp.propose import infill, model_tests, rewrite
from genx_lsp.propose.context import Context
from genx_models import Worker
from genx_sandbox import Call, Program, Returns, Sandbox, Value, Workspace


def asking(context: Context, model: Worker, **generation: int) -> Context:
    settings = msgspec.structs.replace(
        Settings(), generation=msgspec.structs.replace(Settings().generation, **generation)
    )
    return replace(context, settings=settings, code_model=model, test_model=model)


def test_a_small_model_writes_well_formed_tests_and_the_same_again(context: Context, small: Worker) -> None:
    made = asking(context, small, tests=4)
    tests = list(model_tests.propose(made))
    assert tests
    for test in tests:
        call = ast.parse(test.expression, mode="eval").body
        assert isinstance(call, ast.Call)
        assert ast.unparse(call.func) == "clamp"
        assert test.expected_text or "pytest" not in test.expression
    assert tests == list(model_tests.propose(made))


def test_a_small_model_writes_bodies_that_compile(context: Context, small: Worker) -> None:
    for candidate in rewrite.propose(asking(context, small, rewrites=4)):
        compile(context.target.with_definition(candidate.source), "prices.py", "exec")
        head = context.target.source.partition("    if x < low")[0]
        assert candidate.source.startswith(head)


def test_a_small_model_fills_lines_that_compile(context: Context, small: Worker) -> None:
    made = asking(context, small, infills=4, infill_lines=2)
    for candidate in infill.propose(made):
        compile(context.target.with_definition(candidate.source), "prices.py", "exec")
        assert candidate.note.startswith("line ")


def test_cancelling_ends_decoding(context: Context, small: Worker) -> None:
    cancel = threading.Event()
    cancel.set()
    made = replace(asking(context, small, rewrites=8), cancel=cancel)
    assert list(rewrite.propose(made)) == []


@pytest.mark.model
def test_the_default_model_finds_the_wrong_condition(context: Context, coder: Worker) -> None:
    made = replace(asking(context, coder, infills=8, infill_lines=1), suspicion={10: 1.0})
    assert any("if x > high:" in c.source for c in infill.propose(made))


@pytest.mark.model
def test_the_default_model_writes_the_function_from_its_description(context: Context, coder: Worker) -> None:
    candidates = list(rewrite.propose(asking(context, coder, rewrites=4)))
    programs = [
        Program(c.key, "prices", "prices.py", context.target.with_definition(c.source)) for c in candidates
    ]
    calls = [Call(f"{x}", f"clamp({x}, 1, 5)") for x in (0, 3, 9)]
    with Sandbox(Workspace(Path(sys.executable))) as sandbox:
        results = [[o.value for o in r.outcomes] for r in sandbox.run_calls(programs, calls)]
    assert [Value.of(1), Value.of(3), Value.of(5)] in results


@pytest.mark.model
def test_half_of_the_default_models_tests_are_right(context: Context, coder: Worker) -> None:
    right = total = 0.0
    for test in model_tests.propose(asking(context, coder, tests=6)):
        if not isinstance(test.expectation, Returns):
            continue
        call = ast.parse(test.expression, mode="eval").body
        assert isinstance(call, ast.Call)
        x, low, high = (ast.literal_eval(a) for a in call.args)
        total += test.weight
        right += test.weight * (test.expectation.value == Value.of(max(low, min(x, high))))
    assert total > 0
    assert right >= 0.5 * total

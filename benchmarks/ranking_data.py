"""CodeT's published candidates for HumanEval, read into programs, tests and calls.

The files are microsoft/CodeT's (MIT): CodeGen-16B, 100 solutions and 100 test samples a task. Cutting
samples into solutions and assert statements follows the paper's protocol: stop at the first line
that begins a new top-level construct, split at `assert`, keep what mentions the function and compiles,
the first five a sample; equal texts are one candidate whose weight is their number.
"""

from __future__ import annotations

import ast
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

SOLUTIONS = "HumanEval_codegen16B_temp0.8_topp0.95_num100_max300_code_solution.jsonl"
TESTS = "HumanEval_codegen16B_temp0.8_topp0.95_num100_max300_test_case.jsonl"
PROBLEMS = "HumanEval_for_code_generation.jsonl"
TEST_PROMPTS = "HumanEval_for_test_case_generation.jsonl"

STOPS = ("\nclass", "\ndef", "\n#", "\nif", "\nprint")
TESTS_A_SAMPLE = 5


@dataclass(frozen=True)
class Planned:
    """How a test statement is executed: an expression for the sandbox, and what the parent expects.

    equals: the parent compares the returned value with `expected` by Python's `==`.
    is: likewise, types included (`is True`, `is None`).
    holds: the assert's condition is no comparison with a literal; it is evaluated in the child and
    must come out True, so the child has a say in the verdict.
    """

    expression: str
    how: Literal["equals", "is", "holds"]
    expected: Any = None
    setup: str = ""


@dataclass(frozen=True)
class Task:
    """One HumanEval problem with its candidates."""

    name: str
    entry_point: str
    check: str
    """Source that defines `check(candidate)`: the ground truth."""
    solutions: tuple[str, ...]
    """Unique module sources."""
    solution_weights: tuple[int, ...]
    tests: tuple[str, ...]
    """Unique assert statements."""
    test_weights: tuple[int, ...]
    planned: tuple[Planned, ...]
    """One a test."""
    calls: tuple[tuple[str, str], ...]
    """Unique (setup, expression) pairs: those of `planned`, then calls of the target inside conditions."""
    behaviour: tuple[int, ...]
    """Indices into `calls` of those whose outcome is what the target returned: what clusters rest on."""


def load(directory: Path, quick: bool = False) -> list[Task]:
    """All 164 tasks in order; with `quick` every fourteenth (12 tasks)."""
    problems = _read(directory / PROBLEMS)
    solutions = {row["prompt"]: row["samples"] for row in _read(directory / SOLUTIONS)}
    tests = {row["prompt"]: row["samples"] for row in _read(directory / TESTS)}
    test_prompts = {row["task_id"]: row["prompt"] for row in _read(directory / TEST_PROMPTS)}
    chosen = problems[::14] if quick else problems
    return [
        _task(problem, solutions[problem["prompt"]], tests[test_prompts[problem["task_id"]]])
        for problem in chosen
    ]


def _read(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        raise SystemExit(f"{path} is missing: name the folder that holds `codet/` with --data DIR.")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _task(problem: dict[str, Any], samples: list[str], test_samples: list[str]) -> Task:
    programs = Counter(problem["prompt"] + _cut(sample) for sample in samples)
    tests: Counter[str] = Counter()
    for sample in test_samples:
        tests.update(_asserts(sample, problem["entry_point"])[:TESTS_A_SAMPLE])
    planned = tuple(plan(test) for test in tests)
    calls: dict[tuple[str, str], bool] = {}
    for item in planned:
        calls.setdefault((item.setup, item.expression), item.how != "holds")
    for test in tests:
        for expression in _calls_of(test, problem["entry_point"]):
            calls.setdefault(("", expression), True)
    return Task(
        name=problem["task_id"],
        entry_point=problem["entry_point"],
        check=problem["test"],
        solutions=tuple(programs),
        solution_weights=tuple(programs.values()),
        tests=tuple(tests),
        test_weights=tuple(tests.values()),
        planned=planned,
        calls=tuple(calls),
        behaviour=tuple(i for i, behaves in enumerate(calls.values()) if behaves),
    )


def _cut(text: str) -> str:
    for stop in STOPS:
        text = text.split(stop, 1)[0]
    return text


def _asserts(sample: str, entry_point: str) -> list[str]:
    parts = f"assert {sample}".split("assert ")
    statements = [_cut(f"assert {part}".strip()).strip() for part in parts if entry_point in part]
    return [statement for statement in statements if _block(statement) is not None]


def _block(statement: str) -> list[ast.stmt] | None:
    """The statement's body as it would stand indented in a block; None where that does not compile."""
    source = "if True:\n    " + statement.replace("\n", "\n    ")
    try:
        module = ast.parse(source)
        compile(source, "<test>", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    block = module.body[0]
    return block.body if isinstance(block, ast.If) else None


def plan(statement: str) -> Planned:
    """Turn an assert statement into an expression and an expectation, the parent judging where it can."""
    body = _block(statement) or []
    if len(body) != 1 or not isinstance(body[0], ast.Assert):
        return Planned("True", "holds", setup=statement)
    condition = body[0].test
    if isinstance(condition, ast.Compare) and len(condition.ops) == 1:
        left, right, op = condition.left, condition.comparators[0], condition.ops[0]
        if isinstance(op, ast.Eq):
            for call, literal in ((left, right), (right, left)):
                if _is_literal(literal) and not _is_literal(call):
                    return Planned(ast.unparse(call), "equals", ast.literal_eval(literal))
        if (
            isinstance(op, ast.Is)
            and isinstance(right, ast.Constant)
            and (right.value is None or isinstance(right.value, bool))
            and not _is_literal(left)
        ):
            return Planned(ast.unparse(left), "is", right.value)
    return Planned(f"bool({ast.unparse(condition)})", "holds")


def _is_literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True


def _calls_of(statement: str, entry_point: str) -> list[str]:
    nodes = (node for part in _block(statement) or [] for node in ast.walk(part))
    return [
        ast.unparse(node)
        for node in nodes
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == entry_point
        and all(_is_literal(argument) for argument in node.args)
        and all(keyword.arg and _is_literal(keyword.value) for keyword in node.keywords)
    ]

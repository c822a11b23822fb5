"""Whether a fix of a QuixBugs program is right, and what of its cases stands in the visible test file."""

from __future__ import annotations

import ast
import random
from pathlib import Path
from typing import Any

from repair_programs import Task

from genx_lsp.candidate import CallTest, TestOrigin
from genx_lsp.config import Settings
from genx_lsp.propose.keys import test_key
from genx_sandbox import Approx, Call, Program, Returns, Sandbox, TestFile, judge

GENERATED = 200
# A call says something of a fix where the reference ends it in a tenth of the time that a call is given: a
# busy machine must not make a right fix wrong.
SLACK = 10


class Judge:
    """Decides whether a module is right: the cases, the tests, and the reference on generated inputs."""

    def __init__(self, task: Task, path: Path, sandbox: Sandbox) -> None:
        self.task, self.path, self.sandbox = task, path, sandbox
        self.expected: dict[str, Any] = {}
        if task.cases:
            calls = [*task.cases, *self.generated()]
            result = self.execute(task.correct, calls)
            for call, outcome in zip(calls, result.outcomes, strict=True):
                quick = SLACK * outcome.seconds < Settings().sandbox.call_seconds
                if quick and (outcome.kind == "exception" or comparable(outcome)):
                    self.expected[call] = outcome

    def execute(self, module: str, calls: list[str]) -> Any:
        program = Program("p", "program", str(self.path), module)
        return next(iter(self.sandbox.run_calls([program], [Call(c, c) for c in calls])))

    def generated(self) -> list[str]:
        rng = random.Random(self.task.name)
        seen = set(self.task.cases)
        made: list[str] = []
        for _ in range(20 * GENERATED):
            if len(made) >= 2 * GENERATED:
                break
            call = ast.parse(rng.choice(self.task.cases), mode="eval").body
            assert isinstance(call, ast.Call)
            args = [ast.literal_eval(a) for a in call.args]
            for _ in range(rng.randint(1, 3)):
                place = rng.randrange(len(args))
                args[place] = changed(args[place], rng)
            text = f"{self.task.function}({', '.join(map(repr, args))})"
            if text not in seen and len(text) < 2000:
                seen.add(text)
                made.append(text)
        return made

    def visible_tests(self) -> str:
        """Every other case as a pytest file, with what the reference returns."""
        if self.task.pytest:
            tree = ast.parse(self.task.pytest)
            tests = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name.startswith("test")]
            hidden = set(tests[1::2])
            tree.body = [n for n in tree.body if n not in hidden]
            return ast.unparse(tree) + "\n"
        lines = [f"from program import {self.task.function}", ""]
        for number, case in enumerate(self.task.cases[::2]):
            value = self.expected[case].value if case in self.expected else None
            literal = value.literal() if value is not None else None
            if value is None or literal is None:
                continue
            call = f"list({case})" if value.kind == "iterator" else case
            if value.kind == "float":
                literal = f"pytest.approx({literal})"
            lines += ["", f"def test_case_{number}():", f"    assert {call} == {literal}", ""]
        return "import pytest\n\n" + "\n".join(lines)

    def accepted(self, count: int) -> list[CallTest]:
        """The first cases of the visible half as tests that the user took; none of programs on graphs."""
        tests: list[CallTest] = []
        for case in self.task.cases[::2]:
            outcome = self.expected.get(case)
            if outcome is None or outcome.value is None or outcome.value.literal() is None:
                continue
            value = Approx(outcome.value) if outcome.value.kind == "float" else Returns(outcome.value)
            key = test_key(case, value)
            tests.append(CallTest(key, case, value, TestOrigin.ACCEPTED, trusted=True))
        return tests[:count]

    def right(self, module: str) -> bool:
        if self.task.pytest:
            file = TestFile(self.path.parent / "test_all.py", self.task.pytest)
            program = Program("p", "program", str(self.path), module)
            return next(iter(self.sandbox.run_items([program], file))).passed
        result = self.execute(module, list(self.expected))
        for outcome, wanted in zip(result.outcomes, self.expected.values(), strict=True):
            if wanted.kind == "exception":
                if outcome.kind != "exception":
                    return False
            elif not judge(outcome, Returns(wanted.value)) and not judge(outcome, Approx(wanted.value)):
                return False
        return True


def comparable(outcome: Any) -> bool:
    """A value that equals itself: one too large to be sent whole can be held against nothing."""
    return outcome.kind == "value" and judge(outcome, Returns(outcome.value)) is True


def changed(value: Any, rng: random.Random) -> Any:
    """A neighbour of a case's argument, of the same type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + rng.choice([-3, -2, -1, 1, 2, 3])
    if isinstance(value, float):
        return value * rng.choice([0.5, 2.0, 3.0])
    if isinstance(value, str):
        if not value:
            return rng.choice("ab()")
        place = rng.randrange(len(value))
        return rng.choice(
            [value[:place] + value[place + 1 :], value[:place] + rng.choice(value) + value[place:]]
        )
    if isinstance(value, list):
        items = list(value)
        how = rng.randrange(4)
        if items and how == 0:
            del items[rng.randrange(len(items))]
        elif items and how == 1:
            items.insert(rng.randrange(len(items) + 1), rng.choice(items))
        elif len(items) > 1 and how == 2:
            a, b = rng.sample(range(len(items)), 2)
            items[a], items[b] = items[b], items[a]
        elif items:
            place = rng.randrange(len(items))
            items[place] = changed(items[place], rng)
        return items
    return value

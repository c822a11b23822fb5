"""QuixBugs: is the bug found, the right fix offered, a wrong one ever first, correct code left alone?

    python benchmarks/repair.py [--quick] [--data DIR] [--setting with_tests|without_tests|correct|all]
                                [--seconds N] [--only NAME ...] [--kept DIR]

*with tests*: half of the cases stand in a test file. *without tests*: only the program and its description
as a docstring. *correct*: the right programs, with their description; every fix offered is a false alarm.
A fix is right when it passes every case (or pytest test) of the benchmark and does what the reference does
on at least 200 inputs made by changing the cases' inputs. Programs on graphs have no such inputs; all their
tests decide.
"""

from __future__ import annotations

import argparse
import ast
import json
import random
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import figures
import msgspec
from replay import KeptModels

from genx_lsp.config import Settings
from genx_lsp.discovery import find_target
from genx_lsp.engine import Models, open_engine, open_sandbox
from genx_lsp.project import discover
from genx_sandbox import Approx, Call, Program, Returns, Sandbox, TestFile, judge

PUBLISHED = {"GPT-4o": 35, "o1-mini": 37, "Codex": 21, "ChatGPT": 19, "mutation alone": 28}
GENERATED = 200
SETTINGS = ("with_tests", "without_tests", "correct")


@dataclass(frozen=True)
class Task:
    name: str
    buggy: str
    correct: str
    """Both with the description as docstring."""
    function: str
    cases: tuple[str, ...]
    """Call expressions."""
    pytest: str
    node: str


@dataclass(frozen=True)
class Result:
    name: str
    offered: bool
    right_first: bool
    wrong_first: bool
    seconds: float
    seconds_to_right: float | None
    tried: int
    first: str


def load(path: Path) -> list[Task]:
    return [task(json.loads(line)) for line in path.read_text().splitlines()]


def task(row: dict[str, Any]) -> Task:
    description = trailing_text(row["buggy"])
    function = row["name"]
    cases = row.get("cases") or []
    return Task(
        name=row["name"],
        buggy=documented(row["buggy"], function, description),
        correct=documented(row["correct"], function, description),
        function=function,
        cases=tuple(f"{function}({', '.join(map(repr, arguments(c['args'])))})" for c in cases),
        pytest=pytest_source(row),
        node=row.get("node") or "",
    )


def arguments(args: Any) -> list[Any]:
    return args if isinstance(args, list) else [args]


def trailing_text(source: str) -> str:
    """The program's description: QuixBugs keeps it as a string after the function."""
    for node in reversed(ast.parse(source).body):
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            return node.value.value.strip()
    return ""


def documented(source: str, function: str, description: str) -> str:
    """The program without trailing strings, its description as the docstring of its function."""
    tree = ast.parse(source)
    lines = source.splitlines()
    for node in tree.body:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            assert node.end_lineno is not None
            for number in range(node.lineno - 1, node.end_lineno):
                lines[number] = ""
    place = next(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == function)
    if description:
        first = place.body[0]
        text = description.replace("\\", "\\\\").replace('"""', "'''")
        indent = " " * first.col_offset
        body = "\n".join((indent + line).rstrip() for line in text.splitlines())
        lines.insert(first.lineno - 1, f'{indent}"""{body.strip()}\n{indent}"""')
    return "\n".join(lines).strip() + "\n"


def pytest_source(row: dict[str, Any]) -> str:
    """The graph programs' own tests, importing one module."""
    if "pytest" not in row:
        return ""
    kept = []
    skipping = False
    for line in row["pytest"].splitlines():
        if line.startswith("if pytest.use_correct"):
            skipping = True
            kept.append(f"from program import {row['name']}")
            continue
        if skipping and (line.startswith((" ", "else")) or not line.strip()):
            continue
        skipping = False
        kept.append(line)
    return "\n".join(kept) + "\n"


class Bench:
    """One temporary project a program."""

    def __init__(self, settings: Settings, models: Models) -> None:
        self.settings = settings
        self.models = models

    def run(self, task: Task, setting: str) -> Result:
        with tempfile.TemporaryDirectory(prefix="quixbugs-") as folder:
            root = Path(folder)
            (root / "pyproject.toml").write_text("[tool.pytest.ini_options]\npythonpath = ['.']\n")
            source = task.correct if setting == "correct" else task.buggy
            path = root / "program.py"
            path.write_text(source)
            if task.node:
                (root / "node.py").write_text(task.node)
            project = discover(path, self.settings.interpreter)
            with open_sandbox(project, self.settings) as sandbox:
                judging = Judge(task, path, sandbox)
                if setting == "with_tests":
                    (root / "test_program.py").write_text(judging.visible_tests())
                return self.measure(task, path, judging)

    def measure(self, task: Task, path: Path, judging: Judge) -> Result:
        engine = open_engine(path, self.settings, self.models)
        begun = time.monotonic()
        seen: dict[str, float] = {}
        last = None
        try:
            target = find_target(path, path.read_text(), engine.project, task.function)
            for last in engine.work(target, "fixes"):
                for fix in last.fixes:
                    seen.setdefault(target.with_definition(fix.code.source), time.monotonic() - begun)
        finally:
            engine.close()
        seconds = time.monotonic() - begun
        assert last is not None
        modules = [target.with_definition(fix.code.source) for fix in last.fixes]
        right = [judging.right(module) for module in modules]
        found = [seen[m] for m, good in zip(modules, right, strict=True) if good]
        return Result(
            name=task.name,
            offered=any(right),
            right_first=bool(right) and right[0],
            wrong_first=bool(right) and not right[0],
            seconds=seconds,
            seconds_to_right=min(found) if found else None,
            tried=len(last.matrix.codes),
            first=last.fixes[0].title if last.fixes else (last.notes[-1] if last.notes else ""),
        )


class Judge:
    """Decides whether a module is right: the cases, the tests, and the reference on generated inputs."""

    def __init__(self, task: Task, path: Path, sandbox: Sandbox) -> None:
        self.task, self.path, self.sandbox = task, path, sandbox
        self.expected: dict[str, Any] = {}
        if task.cases:
            calls = [*task.cases, *self.generated()]
            result = self.execute(task.correct, calls)
            for call, outcome in zip(calls, result.outcomes, strict=True):
                if outcome.kind in ("value", "exception"):
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


def summary(results: list[Result]) -> dict[str, Any]:
    found = [r.seconds_to_right for r in results if r.seconds_to_right is not None]
    return {
        "programs": len(results),
        "right_offered": sum(r.offered for r in results),
        "right_first": sum(r.right_first for r in results),
        "wrong_first": sum(r.wrong_first for r in results),
        "nothing": sum(not r.first or not (r.right_first or r.wrong_first) for r in results),
        "seconds_median": statistics.median(r.seconds for r in results) if results else None,
        "seconds_to_right_median": statistics.median(found) if found else None,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="eight programs, 15 s each")
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "data")
    parser.add_argument("--setting", choices=[*SETTINGS, "all"], default="all")
    parser.add_argument("--seconds", type=float, default=None, help="time a program (60)")
    parser.add_argument("--only", nargs="*", default=None)
    parser.add_argument(
        "--kept", type=Path, default=None, help="keep what the models say there, and reuse it"
    )
    options = parser.parse_args()

    tasks = load(options.data / "quixbugs.jsonl")
    if options.only:
        tasks = [t for t in tasks if t.name in options.only]
    elif options.quick:
        tasks = tasks[::5]
    seconds = options.seconds or (15.0 if options.quick else 60.0)
    settings = Settings()
    generation = msgspec.structs.replace(settings.generation, seconds=seconds)
    settings = msgspec.structs.replace(settings, generation=generation)
    models = KeptModels(options.kept) if options.kept else Models()
    bench = Bench(settings, models)
    payload: dict[str, Any] = {
        "seconds_a_program": seconds,
        "programs": [t.name for t in tasks],
        "kept": bool(options.kept),
    }
    wanted = SETTINGS if options.setting == "all" else (options.setting,)
    try:
        for setting in wanted:
            results = []
            for one in tasks:
                result = bench.run(one, setting)
                results.append(result)
                mark = "right" if result.right_first else "WRONG" if result.wrong_first else "-"
                late = f"{result.seconds_to_right:.1f}" if result.seconds_to_right is not None else ""
                print(
                    f"{setting:14} {one.name:28} {mark:6} {late:>5} {result.seconds:5.1f} s  {result.first}",
                    flush=True,
                )
            payload[setting] = summary(results)
            if setting == "correct":
                payload["false_alarms"] = payload[setting]["wrong_first"] + payload[setting]["right_first"]
    finally:
        models.close()
    print()
    for setting in wanted:
        row = payload[setting]
        print(
            f"{setting:14} right offered {row['right_offered']}, right first {row['right_first']}, "
            f"wrong first {row['wrong_first']}, nothing {row['nothing']} of {row['programs']}"
        )
    if options.kept:
        print("With kept completions: the seconds are not those of a run.")
    print("published, with tests, of 40: " + ", ".join(f"{k} {v}" for k, v in PUBLISHED.items()))
    payload["peers"] = PUBLISHED
    figures.write("repair", payload)


if __name__ == "__main__":
    main()

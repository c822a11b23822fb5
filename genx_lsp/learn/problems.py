"""What is learnt from: functions whose code is known to be right, out of a folder, a corpus or feedback."""

from __future__ import annotations

import ast
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from genx_lsp import discovery
from genx_lsp.candidate import CallTest, CodeCandidate
from genx_lsp.errors import GenxError
from genx_lsp.learn.folders import LearnError
from genx_lsp.learn.provenance import UNKNOWN_LICENCE, licence_of
from genx_lsp.project import Project, discover, is_test_file
from genx_lsp.propose.assertions import checks
from genx_lsp.propose.naming import Names
from genx_lsp.target import Target

_SKIPPED = frozenset({"node_modules", "__pycache__", "build", "dist", "site-packages", "venv"})
_MOST_FILES = 5_000


@dataclass(frozen=True)
class Taken:
    """What a person took of a function's suggestions."""

    tests: tuple[CallTest, ...] = ()
    fixes: tuple[tuple[Target, CodeCandidate], ...] = ()
    """Each with the target as it was before."""
    edited: frozenset[str] = field(default_factory=frozenset)
    """Keys of those that were changed before they were kept."""
    dismissed_tests: tuple[CallTest, ...] = ()
    dismissed_fixes: tuple[tuple[Target, CodeCandidate], ...] = ()
    """What was turned down: beside what was taken of the same function, a preference; alone, nothing."""


@dataclass(frozen=True)
class Problem:
    """One function and what is known to be right about it."""

    key: str
    target: Target
    project: Project
    trusted: tuple[CallTest, ...] = ()
    """Tests that came with it, beside those that its docstring and its project's own tests hold."""
    taken: Taken = field(default_factory=Taken)
    licence: str = UNKNOWN_LICENCE


def problem_key(target: Target) -> str:
    """The same function is the same problem, in whatever run."""
    text = f"{target.path}\0{target.qualified_name}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def read_corpus(path: Path, workplace: Path, notes: list[str]) -> tuple[Problem, ...]:
    """Problems of a folder of Python files, or of a `.jsonl` of tasks with reference solutions.

    Tasks are written as modules into `workplace`. What cannot be used is told in `notes`. Raises
    `LearnError` where nothing can.
    """
    if path.is_dir():
        found = tuple(_of_folder(path, notes))
    elif path.suffix == ".jsonl" and path.is_file():
        found = tuple(_of_tasks(path, workplace, notes))
    else:
        raise LearnError(f"{path} is neither a folder of Python files nor a .jsonl file of tasks.")
    if not found:
        why = f" {notes[0]}" if notes else ""
        raise LearnError(f"{path} has no function to learn from.{why}")
    return found


def _of_folder(folder: Path, notes: list[str]) -> Iterator[Problem]:
    project = discover(folder)
    licence = licence_of(project.root)
    files = [
        path
        for path in sorted(folder.rglob("*.py"))[:_MOST_FILES]
        if not any(part in _SKIPPED or part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    for path in files:
        if is_test_file(path, project):
            continue
        try:
            targets = discovery.find_targets(path, discovery.decode(path).text, project)
        except GenxError as error:
            notes.append(str(error))
            continue
        for target in targets:
            if not target.out_of_reach and (target.docstring or target.parameters):
                yield Problem(problem_key(target), target, project, licence=licence)


def _of_tasks(path: Path, workplace: Path, notes: list[str]) -> Iterator[Problem]:
    """Tasks with `prompt`, `entry_point`, `canonical_solution` and `test`, as in HumanEval."""
    workplace.mkdir(parents=True, exist_ok=True)
    (workplace / "pyproject.toml").write_text("[tool.pytest.ini_options]\n", "utf-8")
    project: Project | None = None
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            task: Mapping[str, Any] = json.loads(line)
            name = str(task["entry_point"]).strip()
            source = _joined(str(task["prompt"]), str(task["canonical_solution"]))
            module = "task_" + re.sub(r"\W+", "_", str(task.get("task_id", number))).strip("_").lower()
        except (ValueError, KeyError, TypeError) as error:
            notes.append(f"Line {number} of {path.name} is no task with a reference solution ({error!r}).")
            continue
        file = workplace / f"{module}.py"
        file.write_text(source.rstrip() + "\n", "utf-8")
        project = project or discover(workplace)
        try:
            target = discovery.find_target(file, discovery.decode(file).text, project, name)
        except GenxError as error:
            notes.append(str(error))
            continue
        if not target.out_of_reach:
            trusted = tuple(tests_in(str(task.get("test", "")), target))
            licence = str(task.get("license") or task.get("licence") or UNKNOWN_LICENCE)
            yield Problem(problem_key(target), target, project, trusted, licence=licence)


def _joined(prompt: str, solution: str) -> str:
    """The prompt over its solution, which MBPP indents as its author liked and its prompts by 4."""
    solution = solution.expandtabs(4)
    first = next((line for line in solution.split("\n") if line.strip()), "")
    margin = first[: len(first) - len(first.lstrip())]
    lines = prompt.split("\n")
    head = max((n for n, line in enumerate(lines) if line.startswith(("def ", "async def "))), default=0)
    body = [margin + line[4:] if line.startswith("    ") else line for line in lines[head + 1 :]]
    return "\n".join([*lines[: head + 1], *body]) + solution if margin else prompt + solution


def tests_in(text: str, target: Target) -> Iterator[CallTest]:
    """The calls that a text of asserts, or a function made of them, asserts of the target; all trusted."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    constants = [s for s in tree.body if isinstance(s, (ast.Assign, ast.AnnAssign))]
    functions = [s for s in tree.body if isinstance(s, ast.FunctionDef)]
    loose = [s for s in tree.body if not isinstance(s, (ast.FunctionDef, ast.ClassDef))]
    yield from checks(loose, (), Names(), target)
    for function in functions:
        names = [a.arg for a in function.args.args]
        if function.name == "check" and len(names) == 1:
            # HumanEval hands the function in: `def check(candidate)`.
            for node in ast.walk(function):
                if isinstance(node, ast.Name) and node.id == names[0]:
                    node.id = target.name
        yield from checks(function.body, constants, Names(), target)

"""The programs of QuixBugs as tasks: saved, right, described, with their cases or tests."""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


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

"""Where the day is spent: the example project and two packages as a workspace, and functions to edit.

Which of them the cheap generators can have something for is told apart: a function that is described and has
no example gets its first test only when programs written from the description agree on it.
"""

from __future__ import annotations

import ast
import importlib.util
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from figures import ROOT

from genx_lsp import discovery
from genx_lsp.config import Settings
from genx_lsp.errors import GenxError
from genx_lsp.project import discover, tests_naming
from genx_lsp.propose import boundary, docstring_examples
from genx_lsp.propose.context import Context

Needs = Literal["nothing", "the model", "more than there is"]

PACKAGES = ("packaging", "sortedcontainers")
"""Real, pure Python, and part of every development environment here."""


@dataclass(frozen=True)
class Place:
    """A function, by name; its lines are looked up anew after each edit."""

    path: Path
    name: str
    line: int
    """Of its `def`, from 0."""
    body_line: int
    """Where a new first statement goes, from 0."""
    indent: str

    def now(self, text: str) -> Place | None:
        return next((p for p in _in(self.path, text) if p.name == self.name), None)


def needs(path: Path, text: str, name: str) -> Needs:
    """What a first suggestion takes beyond the cheap generators, by what these make of the function.

    `nothing`: an example to go by, or no description that could be gone against. Not what only tests of the
    project speak of: those are there already, and offered to nobody.
    `more than there is`: nobody knows what to pass to it.
    """
    project = discover(path)
    try:
        target = discovery.find_target(path, text, project, name)
    except GenxError:
        return "more than there is"
    tests = tests_naming(target, project, lambda file: file.read_text(encoding="utf-8"))
    context = Context(target, project, Settings(), tests)
    if any(True for _ in docstring_examples.propose(context)):
        return "nothing"
    if not any(True for _ in boundary.propose(context)):
        return "more than there is"
    return "the model" if target.docstring else "nothing"


def places(root: Path) -> list[Place]:
    """Fill `root` with the workspace and list the functions in it."""
    ignored = shutil.ignore_patterns("__pycache__", ".*")
    shutil.copytree(ROOT / "examples" / "shop", root / "shop", ignore=ignored)
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        shutil.copytree(Path(spec.origin).parent, root / name / name, ignore=ignored)
        (root / name / "pyproject.toml").write_text(f'[project]\nname = "{name}"\nversion = "1"\n')
    found: list[Place] = []
    for folder in ("shop/shop", *(f"{name}/{name}" for name in PACKAGES)):
        for path in sorted((root / folder).glob("*.py")):
            found += _in(path, path.read_text(encoding="utf-8"))
    return found


def _in(path: Path, text: str) -> list[Place]:
    """Functions and methods with a body that a line can be put into; special methods are left out."""
    found = []

    def visit(body: list[ast.stmt], prefix: str) -> None:
        for node in body:
            if isinstance(node, ast.ClassDef):
                visit(node.body, f"{prefix}{node.name}.")
            elif isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                where = _body(node)
                if where is not None and node.args.args and not node.decorator_list:
                    line, column = where
                    place = Place(path, prefix + node.name, node.lineno - 1, line, " " * column)
                    found.append(place)

    try:
        visit(ast.parse(text).body, "")
    except SyntaxError:
        return []
    return found


def _body(node: ast.FunctionDef) -> tuple[int, int] | None:
    first = node.body[0]
    if first.lineno == node.lineno:
        return None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        if len(node.body) == 1:
            return None
        second = node.body[1]
        return (first.end_lineno or first.lineno), second.col_offset
    return first.lineno - 1, first.col_offset

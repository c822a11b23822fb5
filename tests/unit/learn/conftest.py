"""Functions as problems, found in files as the product finds them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from genx_lsp import discovery
from genx_lsp.config import Settings
from genx_lsp.learn.problems import Problem, problem_key
from genx_lsp.project import discover
from genx_lsp.propose.context import Context

MakeProblem = Callable[..., Problem]


@pytest.fixture
def problem(tmp_path: Path) -> MakeProblem:
    """A function of a module in a project of its own."""

    def make(source: str, name: str) -> Problem:
        (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
        path = tmp_path / "shop.py"
        path.write_text(dedent(source).lstrip("\n"))
        project = discover(path)
        target = discovery.find_target(path, discovery.decode(path).text, project, name)
        return Problem(problem_key(target), target, project)

    return make


@pytest.fixture
def context() -> Callable[[Problem], Context]:
    def make(problem: Problem) -> Context:
        return Context(problem.target, problem.project, Settings())

    return make

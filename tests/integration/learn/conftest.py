"""Real sandbox, real worker; torch only where the `finetune` extra is installed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from genx_lsp import discovery
from genx_lsp.config import Settings
from genx_lsp.learn.problems import Problem, problem_key
from genx_lsp.learn.train import missing_packages
from genx_lsp.learn.workbench import Sandboxes, sandboxes
from genx_lsp.project import discover
from genx_models import Chat, Completion, ModelInfo, Prompt, Request, Store, Worker


class Scripted:
    """A model at the seam that gives the same answers to every request for tests, or for programs."""

    def __init__(self, answers: list[str]) -> None:
        self._answers = answers

    def info(self) -> ModelInfo:
        return ModelInfo("scripted", "scripted", "none", 0, 4096, True, True, 1, 0)

    def generate(self, request: Request, cancel: threading.Event | None = None) -> Iterator[Completion]:
        assert isinstance(request.prompt, Chat)
        head = request.prompt.prefill.removeprefix("```python\n")
        for index, answer in enumerate(self._answers):
            if answer.startswith(head):
                yield Completion(index, answer[len(head) :], "stop", tokens=8, logprob=-0.5)

    def score(self, prompt: Prompt, continuations: list[str]) -> list[float]:
        return [-1.0] * len(continuations)

    def close(self) -> None:
        pass


@pytest.fixture
def scripted() -> Callable[[list[str]], Scripted]:
    return Scripted


@pytest.fixture
def boxes() -> Iterator[Sandboxes]:
    with sandboxes(Settings()) as found:
        yield found


@pytest.fixture
def problem(tmp_path: Path) -> Callable[[str, str], Problem]:
    """A function of a module in a project of its own."""

    def make(source: str, name: str) -> Problem:
        (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
        path = tmp_path / "shop.py"
        path.write_text(dedent(source).lstrip("\n"))
        project = discover(path)
        target = discovery.find_target(path, discovery.decode(path).text, project, name)
        return Problem(problem_key(target), target, project)

    return make


@pytest.fixture(scope="session")
def small_model() -> Path:
    """SmolLM2-135M, which `make setup` pulls."""
    return Store().path("smollm2-135m")


@pytest.fixture(scope="session")
def small(small_model: Path) -> Iterator[Worker]:
    worker = Worker(small_model, threads=1, context=512)
    yield worker
    worker.close()


@pytest.fixture(scope="session")
def finetune_extra() -> None:
    """Skips, with the reason, where the packages that training needs are not installed."""
    missing = missing_packages()
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)} (pip install 'genx-lsp[finetune]')")

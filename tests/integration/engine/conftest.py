"""A project on disk, an engine over it with a real sandbox, and a model that says what the test wants."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from textwrap import dedent

import msgspec
import pytest

from genx_lsp import discovery
from genx_lsp.config import Settings
from genx_lsp.engine import Engine, open_sandbox
from genx_lsp.findings import Findings
from genx_lsp.project import discover, tests_naming
from genx_lsp.target import Target
from genx_models import Chat, Completion, Infill, ModelInfo, Prompt, Request
from genx_sandbox import Executor


class ScriptedModel:
    """A model at the seam: answers rewrites, tests and infills from lists, in turn, until cancelled."""

    def __init__(
        self, rewrites: Sequence[str] = (), tests: Sequence[str] = (), infills: Sequence[str] = ()
    ) -> None:
        self._answers = {"rewrite": list(rewrites), "tests": list(tests), "infill": list(infills)}
        self.requests: list[Request] = []

    def info(self) -> ModelInfo:
        return ModelInfo("scripted", "scripted", "none", 0, 4096, True, True, 1, 0)

    def generate(self, request: Request, cancel: threading.Event | None = None) -> Iterator[Completion]:
        self.requests.append(request)
        kind, head = self._kind(request)
        answers = self._answers[kind]
        first = request.seed % 1000 // 4 if kind == "rewrite" else 0
        series = request.seed // 1000
        for index in range(request.samples):
            if cancel is not None and cancel.is_set():
                return
            if answers:
                text = answers[(first + series * request.samples + index) % len(answers)]
                if not text.startswith(head):
                    continue
                yield Completion(index, text[len(head) :], "stop", tokens=8, logprob=-0.5)

    def _kind(self, request: Request) -> tuple[str, str]:
        """What is asked for, and the beginning of the answer that the prompt has given away."""
        if isinstance(request.prompt, Infill):
            return "infill", ""
        assert isinstance(request.prompt, Chat)
        prefill = request.prompt.prefill.removeprefix("```python\n")
        if prefill.lstrip().startswith(("assert", "with")):
            return "tests", prefill
        return "rewrite", prefill

    def score(self, prompt: Prompt, continuations: list[str]) -> list[float]:
        return [-1.0] * len(continuations)

    def close(self) -> None:
        pass


class Place:
    """A project folder and the engines opened over it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._engines: list[Engine] = []
        self.write("pyproject.toml", "[tool.pytest.ini_options]\npythonpath = ['.']\n")

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"), encoding="utf-8")
        return path

    def engine(
        self,
        path: Path,
        model: ScriptedModel | None = None,
        seconds: float = 60.0,
        executor: Executor | None = None,
    ) -> Engine:
        settings = Settings()
        generation = msgspec.structs.replace(settings.generation, seconds=seconds)
        settings = msgspec.structs.replace(settings, generation=generation)
        project = discover(path)

        def read_tests(target: Target) -> dict[str, str]:
            return dict(tests_naming(target, project, lambda file: discovery.decode(file).text))

        engine = Engine(
            project,
            settings,
            code_model=model,
            test_model=model,
            executor=executor or open_sandbox(project, settings),
            read_tests=read_tests,
        )
        self._engines.append(engine)
        return engine

    def target(self, engine: Engine, path: Path, name: str) -> Target:
        return discovery.find_target(path, discovery.decode(path).text, engine.project, name)

    def findings(self, path: Path, name: str, model: ScriptedModel | None = None) -> list[Findings]:
        engine = self.engine(path, model)
        return list(engine.work(self.target(engine, path, name)))

    def close(self) -> None:
        for engine in self._engines:
            engine.close()


@pytest.fixture(autouse=True)
def plenty_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is found must not depend on how busy the machine is."""
    monkeypatch.setattr("genx_lsp.engine.engine.FINISH_SECONDS", 300.0)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    root = tmp_path / "a project 🐍"
    root.mkdir()
    made = Place(root)
    yield made
    made.close()


@pytest.fixture
def scripted() -> Callable[..., ScriptedModel]:
    return ScriptedModel

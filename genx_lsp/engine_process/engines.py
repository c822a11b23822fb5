"""The engines in use: one a project, opened where jobs run, and closed together with their models."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

from genx_lsp.candidate import CallTest
from genx_lsp.config import Settings
from genx_lsp.findings import Findings, MatrixView
from genx_lsp.project import Project
from genx_lsp.target import Target

Want = Literal["tests", "fixes", "both"]
Anchors = Callable[[Target], Sequence[CallTest]]


class Engine(Protocol):
    """What a session asks of an engine; `genx_lsp.engine.Engine` is the real one."""

    def work(
        self, target: Target, want: Want = "both", cancel: threading.Event | None = None
    ) -> Iterator[Findings]:
        """Yield findings, each replacing the one before, and stop soon after `cancel` is set."""

    def outcomes(
        self, target: Target, tests: Sequence[CallTest], cancel: threading.Event | None = None
    ) -> MatrixView:
        """Run tests on the target as it stands; raises as soon as `cancel` is set."""

    def prepare(self, path: Path) -> None:
        """Start the processes that work on that file will need, and go on."""

    def rest(self) -> None:
        """Let go of what it needs only while it works; what is needed again is opened again."""

    def close(self) -> None:
        """End every process of it."""


class Engines(Protocol):
    """Where jobs get their engines: those of this process, or of one of its own."""

    def engine(self, project: Project, path: Path, settings: Settings) -> Engine:
        """The project's engine. Called in the job thread. Raises `GenxError` where there can be none."""

    def expect(self, project: Project, path: Path, settings: Settings) -> None:
        """A job on the file may come: start what it will need beside the one that runs. Never waits."""

    def rest(self) -> None:
        """Have all engines let go of what they need only while they work."""

    def restart(self) -> None:
        """Close everything; the next job opens it again."""

    def close(self) -> None:
        """Close everything for good. May be called from any thread."""


class EngineFactory(Protocol):
    """Opens engines, and what they share: the loaded models."""

    def models(self) -> Any:
        """The models, shared by engines; loaded when they are first asked for something."""

    def open(self, path: Path, settings: Settings, models: Any, anchors: Anchors) -> Engine:
        """An engine for the project around `path`. Raises `GenxError` where there can be none."""


class RealEngines:
    """The engine proper, imported when the first job runs."""

    def models(self) -> Any:
        """`genx_lsp.engine.Models`."""
        from genx_lsp.engine import Models

        return Models()

    def open(self, path: Path, settings: Settings, models: Any, anchors: Anchors) -> Engine:
        """`genx_lsp.engine.open_engine`."""
        from genx_lsp.engine import open_engine

        return open_engine(path, settings, models, anchors=anchors)


def _no_anchors(target: Target) -> Sequence[CallTest]:
    return ()


class EnginePool:
    """Engines by project root. `engine` is called in the job thread, `close` from any."""

    def __init__(self, factory: EngineFactory, anchors: Anchors) -> None:
        self._factory = factory
        self._anchors = anchors
        self._lock = threading.Lock()
        self._engines: dict[Path, tuple[Project, Settings, Engine]] = {}
        self._models: Any = None
        self._closed = False

    def engine(self, project: Project, path: Path, settings: Settings) -> Engine:
        """The project's engine, opened anew where its settings or its files of tests have changed."""
        with self._lock:
            known = self._engines.get(project.root)
            if known is not None and known[:2] == (project, settings):
                return known[2]
            self._engines.pop(project.root, None)
            if self._models is None:
                self._models = self._factory.models()
            models = self._models
        if known is not None:
            known[2].close()
        anchors = self._anchors if settings.feedback else _no_anchors
        engine = self._factory.open(path, settings, models, anchors)
        with self._lock:
            if not self._closed:
                self._engines[project.root] = (project, settings, engine)
                return engine
        engine.close()
        return engine

    def known(self, project: Project, settings: Settings) -> Engine | None:
        """The project's engine if it is open and as it should be. Any thread."""
        with self._lock:
            known = self._engines.get(project.root)
        return known[2] if known is not None and known[:2] == (project, settings) else None

    def expect(self, project: Project, path: Path, settings: Settings) -> None:
        """Nothing: what a jail is started by has to live as long as it, and the job thread is at work."""

    def rest(self) -> None:
        """Have all engines let go of what they need only while they work."""
        with self._lock:
            engines = [engine for _, _, engine in self._engines.values()]
        for engine in engines:
            engine.rest()

    def restart(self) -> None:
        """Close everything; the next job opens it again."""
        with self._lock:
            parts: list[Any] = [engine for _, _, engine in self._engines.values()]
            parts += [self._models] if self._models is not None else []
            self._engines.clear()
            self._models = None
        for part in parts:
            part.close()

    def close(self) -> None:
        """Close everything for good."""
        with self._lock:
            self._closed = True
        self.restart()

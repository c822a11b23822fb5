"""Rollouts: every function's part of a round, here or on a cluster, each handed over once.

An engine only works; what is finished is written down by the one process that asked for it. So nothing is
counted twice, whatever dies, and what is not written down is simply worked on again.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from genx_lsp.config import Settings
from genx_lsp.learn import data
from genx_lsp.learn.augment import Augmented, augment
from genx_lsp.learn.problems import Problem
from genx_lsp.learn.sieve import Sieve
from genx_lsp.learn.workbench import Sandboxes
from genx_models import Adapted, Adapters, Generator, Store, Worker
from genx_models.adapters import Role
from genx_sandbox import SandboxCancelled

EngineName = Literal["local", "ray"]


class Engine(Protocol):
    """Who works on the functions of a round."""

    def each(
        self, problems: Sequence[Problem], number: int, cancel: threading.Event
    ) -> Iterator[tuple[Problem, dict[str, Any]]]:
        """Every problem with its rollout (`data.rollout`), in whatever order; stop soon after `cancel`.

        Raises `ModelError`, `SandboxError`, `LearnError`.
        """


@dataclass(frozen=True)
class Task:
    """What working on a function takes, as it can be sent to another machine."""

    settings: Settings
    roles: tuple[Role, ...]
    model_file: Path | None
    """None works without models: trusted code and what was accepted alone."""
    filtered: bool = True
    """See `augment`."""

    def models(self, worker: Worker | None) -> dict[Role, Generator | None]:
        """The models of both roles, with what was promoted last."""
        if worker is None or self.model_file is None:
            return {"code": None, "test": None}
        adapters = Adapters(self.model_file, Store(self.settings.model.directory or None))
        return {"code": Adapted(worker, adapters, "code"), "test": Adapted(worker, adapters, "test")}

    def worker(self) -> Worker | None:
        """A worker of its own. Nothing is loaded yet."""
        if self.model_file is None:
            return None
        model = self.settings.model
        return Worker(
            self.model_file, threads=model.threads, gpu_layers=model.gpu_layers, context=model.context
        )


def roll_out(
    task: Task,
    problem: Problem,
    number: int,
    worker: Worker | None,
    boxes: Sandboxes,
    sieve: Sieve,
    cancel: threading.Event,
) -> dict[str, Any]:
    """One function's part of a round, without secrets. Raises `ModelError`, `SandboxError`."""
    models = task.models(worker)
    try:
        found = augment(
            problem,
            boxes.of(problem.project),
            task.settings,
            roles=task.roles,
            code_model=models["code"],
            test_model=models["test"],
            series=number,
            cancel=cancel,
            filtered=task.filtered,
        )
    except SandboxCancelled:
        found = Augmented(dropped="it took too long")
    return data.rollout(problem, sieve.clear(problem, found))


class Local:
    """One after another, in this process."""

    def __init__(self, task: Task, worker: Worker | None, boxes: Sandboxes) -> None:
        self._task = task
        self._worker = worker
        self._boxes = boxes
        self._sieve = Sieve()

    def each(
        self, problems: Sequence[Problem], number: int, cancel: threading.Event
    ) -> Iterator[tuple[Problem, dict[str, Any]]]:
        """See `Engine.each`."""
        for problem in problems:
            if cancel.is_set():
                return
            done = roll_out(self._task, problem, number, self._worker, self._boxes, self._sieve, cancel)
            if cancel.is_set():
                return
            yield problem, done

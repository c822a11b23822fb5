"""Rollouts on a Ray cluster: a task a function, one llama.cpp worker and one set of sandboxes a Ray process.

The cluster must be there already (`ray start`), with GenX, the model's file, the learning folder and the
projects at the same paths on every node: they are read there, not sent.
"""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from genx_lsp.errors import Unavailable
from genx_lsp.learn.folders import LearnError
from genx_lsp.learn.problems import Problem
from genx_lsp.learn.rollouts import Task, roll_out
from genx_lsp.learn.sieve import Sieve
from genx_lsp.learn.workbench import Sandboxes
from genx_models import ModelError, Worker
from genx_sandbox import SandboxError

_GLANCE = 0.5
"""Seconds between two looks at `cancel`."""
_ATTEMPTS = 5
"""Nodes that may die under one function before the run gives up: by then the function itself is the cause."""


class OnRay:
    """Sends functions to the nodes of a Ray cluster; those of a node that dies are sent to another."""

    def __init__(self, task: Task, address: str = "auto", *, cpus: int = 0) -> None:
        """Join the cluster. Raises `Unavailable` where Ray or the cluster is missing.

        `cpus`: what one function takes of a node; 0 takes the decoding threads of the settings, or 2.
        """
        if importlib.util.find_spec("ray") is None:
            raise Unavailable(
                "`--engine ray` needs Ray, which is not installed. `pip install 'genx-lsp[cluster]'` adds it."
            )
        import ray

        self._ray = ray
        self._task = task
        self._cpus = cpus or task.settings.model.threads or 2
        if not ray.is_initialized():
            try:
                ray.init(address=address, log_to_driver=False, logging_level="ERROR")
            except (ConnectionError, RuntimeError, ValueError, OSError) as error:
                raise Unavailable(
                    f"No Ray cluster can be joined ({error}). Start one with `ray start --head`, and "
                    "`ray start --address=HEAD:6379` on each other node."
                ) from error

    def each(
        self, problems: Sequence[Problem], number: int, cancel: threading.Event
    ) -> Iterator[tuple[Problem, dict[str, Any]]]:
        """See `Engine.each`. What a dead node had under way is sent out again."""
        ray = self._ray
        gpus = 1 if ray.cluster_resources().get("GPU") else 0
        remote = ray.remote(_on_node).options(
            num_cpus=self._cpus, num_gpus=gpus, max_retries=0, scheduling_strategy="SPREAD"
        )
        task = ray.put(self._task)
        attempts = dict.fromkeys((problem.key for problem in problems), 1)
        under_way = {remote.remote(task, problem, number): problem for problem in problems}
        try:
            while under_way and not cancel.is_set():
                done, _ = ray.wait(list(under_way), num_returns=1, timeout=_GLANCE)
                for reference in done:
                    problem = under_way.pop(reference)
                    answer = self._answer(reference)
                    if answer is not None:
                        yield problem, answer
                        continue
                    attempts[problem.key] += 1
                    if attempts[problem.key] > _ATTEMPTS:
                        raise LearnError(
                            f"{_ATTEMPTS} nodes died while they worked on {problem.target.qualified_name}. "
                            "What was finished is kept; see to the nodes' memory, or leave the function out."
                        )
                    under_way[remote.remote(task, problem, number)] = problem
        finally:
            for reference in under_way:
                ray.cancel(reference, force=True)

    def _answer(self, reference: Any) -> dict[str, Any] | None:
        """A rollout; None where its node or process died. Raises what went wrong in the work itself."""
        from ray.exceptions import RayError, RayTaskError

        try:
            status, content = self._ray.get(reference)
        except RayTaskError as error:
            raise LearnError(f"A node could not work on a function: {error.cause or error}") from error
        except RayError:
            return None
        if status == "failed":
            raise LearnError(f"A node could not work on a function: {content}")
        answer: dict[str, Any] = content
        return answer


class _Node:
    """What a Ray process keeps from one function to the next."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.worker: Worker | None = task.worker()
        self.boxes = Sandboxes(task.settings)
        self.sieve = Sieve()

    def close(self) -> None:
        self.boxes.close()
        if self.worker is not None:
            self.worker.close()


_kept: list[_Node] = []


def _on_node(task: Task, problem: Problem, number: int) -> tuple[str, Any]:
    """Runs on a node. The user's errors come back as sentences: their types may not unpickle elsewhere."""
    import ray

    if _kept and _kept[0].task != task:
        _kept.pop().close()
    if not _kept:
        _kept.append(_Node(task))
    node = _kept[0]
    try:
        found = roll_out(task, problem, number, node.worker, node.boxes, node.sieve, threading.Event())
    except (ModelError, SandboxError, Unavailable) as error:
        return "failed", str(error)
    return "done", {**found, "node": ray.get_runtime_context().get_node_id()}

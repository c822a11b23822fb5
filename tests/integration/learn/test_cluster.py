"""Rollouts on a real Ray of several node processes, one of which is killed in the middle of a round."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from genx_lsp.config import Settings
from genx_lsp.errors import Unavailable
from genx_lsp.learn.cluster import OnRay
from genx_lsp.learn.problems import Problem, read_corpus
from genx_lsp.learn.rollouts import Local, Task
from genx_lsp.learn.workbench import sandboxes

needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="not installed: ray (pip install 'genx-lsp[cluster]')"
)
# Starting the processes of three nodes takes half a minute on a busy machine.
pytestmark = pytest.mark.timeout(600)

TASK = Task(Settings(), ("code", "test"), None)
FUNCTIONS = 8
SOURCE = '''
import time


def add_{n}(x: int) -> int:
    """x and {n}, after a while.

    >>> add_{n}(1)
    {sum}
    """
    time.sleep(0.3)
    return x + {n}
'''


@pytest.fixture
def problems(tmp_path: Path) -> tuple[Problem, ...]:
    """Functions that take a while, so that a node is always in the middle of one."""
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
    for n in range(FUNCTIONS):
        (tmp_path / f"slow_{n}.py").write_text(SOURCE.format(n=n, sum=n + 1))
    return read_corpus(tmp_path, tmp_path / "workplace", [])


@pytest.fixture
def cluster() -> Iterator[Any]:
    """A head that only schedules, and two nodes that work on one function at a time each."""
    import ray
    from ray.cluster_utils import Cluster

    made = Cluster(
        initialize_head=True,
        head_node_args={"num_cpus": 0, "include_dashboard": False, "object_store_memory": 100_000_000},
    )
    try:
        made.working = [made.add_node(num_cpus=1, object_store_memory=100_000_000) for _ in range(2)]
        ray.init(address=made.address, log_to_driver=False, logging_level="ERROR")
        yield made
    finally:
        ray.shutdown()
        made.shutdown()


def plain(rollout: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in rollout.items() if name != "node"}


@needs_ray
def test_a_node_dies_and_nothing_is_lost_or_counted_twice(
    cluster: Any, problems: tuple[Problem, ...]
) -> None:
    engine = OnRay(TASK, cluster.address, cpus=1)
    dying, surviving = cluster.working
    found: list[tuple[Problem, dict[str, Any]]] = []
    for problem, rollout in engine.each(problems, 1, threading.Event()):
        found.append((problem, rollout))
        if len(found) == 2:
            cluster.remove_node(dying, allow_graceful=False)
    assert len(problems) == FUNCTIONS
    assert sorted(p.key for p, _ in found) == sorted(p.key for p in problems)
    # What was worked on when the node died, and what was still to come, was done by the other.
    assert [rollout["node"] for _, rollout in found].count(surviving.node_id) >= FUNCTIONS - 3

    with sandboxes(Settings()) as boxes:
        here = {p.key: r for p, r in Local(TASK, None, boxes).each(problems, 1, threading.Event())}
    assert {p.key: plain(r) for p, r in found} == here
    assert all(rollout["examples"] for rollout in here.values())


@needs_ray
def test_cancelling_stops_the_nodes(cluster: Any, problems: tuple[Problem, ...]) -> None:
    cancel = threading.Event()
    found = []
    for one in OnRay(TASK, cluster.address, cpus=1).each(problems, 1, cancel):
        found.append(one)
        cancel.set()
    assert len(found) < FUNCTIONS


@needs_ray
def test_without_a_cluster_the_command_that_starts_one_is_told() -> None:
    with pytest.raises(Unavailable, match="ray start --head"):
        OnRay(TASK, "auto")


@pytest.mark.skipif(importlib.util.find_spec("ray") is not None, reason="ray is installed")
def test_without_ray_the_command_that_installs_it_is_told() -> None:
    with pytest.raises(Unavailable, match=r"genx-lsp\[cluster\]"):
        OnRay(TASK)

"""Trials of a machine that has no more to give: no memory for the worker, no process for anybody."""

from __future__ import annotations

import time

from chaos_cgroups import Group
from chaos_ground import Failed, Ground, until_stopped
from chaos_list import trial
from latency_processes import tree

_TOO_LITTLE = 24 * 1024 * 1024
"""Bytes that the worker may have: it needs more than twice that beside its model's file."""


@trial("the out-of-memory killer on the worker")
def memory(ground: Ground) -> None:
    group = Group("memory")
    ground.after.append(group.close)
    group.limit("memory.max", _TOO_LITTLE)
    client, document = ground.opened()
    killed: set[int] = set()

    def take_in() -> None:
        workers = ground.find(client, "genx_models.worker")
        killed.update(workers)
        group.add(workers)

    with until_stopped(take_in, 0.005):
        ground.well(client, document)
    if not killed:
        raise Failed("no worker was started")
    ground.said_once(client, "for lack of memory", str(client.hover(document, 0)))
    group.limit("memory.max", None)
    ground.work(client, document)
    ground.wait_for(client, "genx_models.worker")
    ground.found(client, document)
    ground.settled(client)


@trial("fork refused with EAGAIN")
def eagain(ground: Ground) -> None:
    group = Group("pids")
    ground.after.append(group.close)
    client = ground.start()
    group.add([client.process.pid])
    document = client.open(ground.module)
    # From the first job on, so that nothing is started yet.
    group.limit("pids.max", 1)
    ground.work(client, document)
    ground.answers(client, document)
    time.sleep(1)
    ground.answers(client, document)
    ground.settled(client)
    ground.said_once(client, "starts no more", f"{client.hover(document, 0)} {client.title(document, 0)}")
    group.limit("pids.max", None)
    ground.well(client, document)
    # And once more with everything running: children of what runs are refused too.
    group.add(tree(client.process.pid))
    group.limit("pids.max", 1)
    ground.work(client, document)
    for _ in range(10):
        ground.answers(client, document)
        time.sleep(0.1)
    ground.settled(client)
    group.limit("pids.max", None)
    ground.well(client, document)

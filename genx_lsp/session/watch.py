"""Notices the death of the client's process, so that nothing outlives an editor that crashed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from typing import Any

_SECONDS = 3.0


def watch_process(process_id: int, ended: Callable[[], None]) -> Coroutine[Any, Any, None] | None:
    """Take hold of the process now; the coroutine calls `ended` when it is gone.

    None for one that is not there to begin with: the client may live in another container, where
    process ids mean something else.
    """
    if not _alive(process_id):
        return None
    try:
        return _wait(os.pidfd_open(process_id), ended)
    except (AttributeError, OSError):
        return _poll(process_id, ended)


async def _wait(descriptor: int, ended: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    gone = asyncio.Event()
    loop.add_reader(descriptor, gone.set)
    try:
        await gone.wait()
        ended()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


async def _poll(process_id: int, ended: Callable[[], None]) -> None:
    while _alive(process_id):
        await asyncio.sleep(_SECONDS)
    ended()


def _alive(process_id: int) -> bool:
    if process_id <= 0:
        return False
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True

"""Notices the death of the client's process, so that nothing outlives an editor that crashed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

_SECONDS = 3.0


async def watch_process(process_id: int, ended: Callable[[], None]) -> None:
    """Call `ended` when the process is gone.

    One that is not there to begin with is not watched: the client may live in another container,
    where process ids mean something else.
    """
    if not _alive(process_id):
        return
    try:
        descriptor = os.pidfd_open(process_id)
    except (AttributeError, OSError):
        while _alive(process_id):
            await asyncio.sleep(_SECONDS)
        ended()
        return
    loop = asyncio.get_running_loop()
    gone = asyncio.Event()
    loop.add_reader(descriptor, gone.set)
    try:
        await gone.wait()
        ended()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


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

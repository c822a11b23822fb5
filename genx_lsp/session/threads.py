"""Threads that the system may refuse: at the limit of a user's processes none can be started."""

from __future__ import annotations

import threading
from collections.abc import Callable

from genx_lsp.errors import Unavailable

_REFUSED = (
    "The system starts no more threads or processes for this user, so GenX cannot work now. Close programs "
    "that are not needed, or raise the limit (`ulimit -u`), and save again."
)


def started(work: Callable[[], object], name: str) -> threading.Thread:
    """A thread under way that does not keep the process from ending. Raises `Unavailable`."""
    thread = threading.Thread(target=work, name=name, daemon=True)
    try:
        thread.start()
    except RuntimeError as error:
        raise Unavailable(_REFUSED) from error
    return thread

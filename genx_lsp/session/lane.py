"""A thread of our own that does small things in order: parsing, reading files, writing feedback.

pygls reads the client's messages on its thread pool, so nothing that takes time may run there.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from genx_lsp.errors import Unavailable
from genx_lsp.session.threads import started

T = TypeVar("T")
_log = logging.getLogger(__name__)


class Lane:
    """Runs what it is given, one after another, in one thread that starts with the first of them."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._waiting: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._dropping = False

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """Queue `work`. After `close` it is cancelled at once; where no thread can be had it fails with
        `Unavailable`."""
        future: Future[T] = Future()
        with self._lock:
            if self._closed:
                future.cancel()
                return future
            if self._thread is None:
                try:
                    self._thread = started(self._run, self._name)
                except Unavailable as error:
                    future.set_exception(error)
                    return future
            self._waiting.put((future, work))
        return future

    async def run(self, work: Callable[[], T]) -> T:
        """Queue `work` and wait for its result on the loop."""
        return await asyncio.wrap_future(self.submit(work))

    def close(self, seconds: float = 5.0, finish: bool = False) -> None:
        """End the thread after what it is doing now, or, with `finish`, after what waits; at most `seconds`.

        What is not done by then is cancelled.
        """
        with self._lock:
            self._closed = True
            self._dropping = not finish
            thread = self._thread
            if thread is None:
                return
            self._waiting.put(None)
        thread.join(seconds)
        self._dropping = True

    def _run(self) -> None:
        while (item := self._waiting.get()) is not None:
            future, work = item
            if self._dropping or not future.set_running_or_notify_cancel():
                future.cancel()
                continue
            try:
                result = work()
            except Exception as error:
                future.set_exception(error)
            else:
                future.set_result(result)

"""The way to the client: everything the server says of its own accord goes through here."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, Protocol

from lsprotocol import types
from pygls.exceptions import JsonRpcException

_log = logging.getLogger(__name__)


class Connection(Protocol):
    """The part of pygls' protocol object that is used here."""

    def notify(self, method: str, params: Any = None) -> None:
        """Send a notification."""

    def send_request_async(self, method: str, params: Any = None) -> Any:
        """Send a request; an awaitable answer."""


class Client:
    """Talks to the client. Only to be used on the loop thread."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._tasks: set[asyncio.Task[Any]] = set()
        self._asking: dict[str, bool] = {}
        """Requests by method that are under way, and whether they are wanted once more."""
        self._silent = False

    def notify(self, method: str, params: Any = None) -> None:
        """Send a notification; none is sent once closed."""
        if not self._silent:
            self._connection.notify(method, params)

    async def ask(self, method: str, params: Any = None) -> Any:
        """Send a request and wait for its answer. Raises `JsonRpcException` where the client refuses.

        Once closed nothing is sent, and the wait is over at once.

        The answer is shielded: pygls breaks when an answer comes for a request that nobody awaits.
        """
        if self._silent:
            raise asyncio.CancelledError
        return await asyncio.shield(self._connection.send_request_async(method, params))

    def ask_and_forget(self, method: str, params: Any = None) -> None:
        """Send a request whose answer changes nothing (registration)."""
        self.spawn(self.ask(method, params))

    def refresh(self, method: str) -> None:
        """Ask the client to fetch something again. While it is at it, once more is enough."""
        if method in self._asking:
            self._asking[method] = True
            return
        self._asking[method] = False
        self.spawn(self._refresh(method))

    async def _refresh(self, method: str) -> None:
        try:
            await self.ask(method)
        finally:
            if self._asking.pop(method):
                self.refresh(method)

    def show(self, message: str, kind: types.MessageType = types.MessageType.Info) -> None:
        """Tell the user something that they asked for. Never used for errors of our own."""
        self.notify(types.WINDOW_SHOW_MESSAGE, types.ShowMessageParams(kind, message))

    def log(self, message: str, kind: types.MessageType = types.MessageType.Info) -> None:
        """Write a line to the client's log."""
        self.notify(types.WINDOW_LOG_MESSAGE, types.LogMessageParams(kind, message))

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run a coroutine on the side; what goes wrong in it is logged. Once closed nothing is begun."""
        if self._silent:
            work.close()
            return
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def close(self) -> None:
        """Stop what runs on the side, and say nothing more."""
        self._silent = True
        for task in tuple(self._tasks):
            task.cancel()

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        if isinstance(error, JsonRpcException):
            _log.warning("The client refused a request: %s", error)
        else:
            _log.error("Work on the side failed.", exc_info=error)

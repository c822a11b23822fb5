"""Where pygls 2.1 strays from the protocol, put right in one place. Each has a test that shows the fault.

* `exit` always ends the process with 0: the exit code is swallowed with the `SystemExit`.
* Malformed parameters, and requests after `shutdown` or before `initialize`, get no answer.
* Errors of its own reach the client as tracebacks, and handlers' errors as pop-ups.
* Every notification leaves a future behind, every refused request of the server's a result type.
* An answer to a request that was given up raises `InvalidStateError`.
* Notifications that come with an id, and so as requests, get no answer.
* Messages that are no JSON get no answer; one nested too deeply, or an endless header, ends the server.
* Messages are read on the thread pool that also runs handlers, whose threads keep the process alive.
* Lines are split at form feeds and Unicode separators too, and positions past a line's end fall one short:
  incremental edits then corrupt the text. Documents are kept by the session instead.
* Whole messages are logged.
* Progress that has ended is remembered for good: ours is sent as plain notifications (features/progress.py).
* A command that is cancelled works on unseen: ours start a job, which can be cancelled, and return.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import threading
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future
from typing import Any, BinaryIO

from lsprotocol import types
from pygls.exceptions import (
    JsonRpcException,
    JsonRpcInternalError,
    JsonRpcInvalidParams,
    JsonRpcInvalidRequest,
    JsonRpcParseError,
    JsonRpcRequestCancelled,
    JsonRpcServerNotInitialized,
)
from pygls.protocol import LanguageServerProtocol, lsp_method

_log = logging.getLogger(__name__)

_BEFORE_INITIALIZE = frozenset({types.INITIALIZE, types.EXIT})


_LENGTH = re.compile(r"0*[0-9]{1,9}")
"""What can be the length of a message; a gigabyte never comes, and waiting for it would be deafness."""


class _Answered:
    """Stands for a message that has been dealt with while it was decoded."""


def _is_notification(method: object) -> bool:
    """Whether the protocol knows the method, and knows no answer to it."""
    found = types.METHOD_TO_TYPES.get(method) if isinstance(method, str) else None
    return found is not None and found[1] is None


class Protocol(LanguageServerProtocol):
    """pygls' protocol with its faults put right."""

    on_exit: Callable[[int], None] = staticmethod(lambda code: None)
    """Called by `exit` with the exit code that the protocol asks for."""
    _initialized = False

    @property
    def shut_down(self) -> bool:
        """`shutdown` was asked for."""
        return bool(self._shutdown)

    # -- what comes in -----------------------------------------------------------------------------

    def structure_message(self, data: dict[str, Any]) -> Any:
        """Decode a message; one with parameters that make no sense is answered here."""
        if "jsonrpc" in data and "id" in data and _is_notification(data.get("method")):
            # Whoever gives a number waits for an answer, and pygls gives none.
            says = f"{data['method']} is a notification, which is sent without an id."
            self.refuse(data["id"], JsonRpcInvalidRequest(says))
            return _Answered()
        try:
            return super().structure_message(data)
        except (JsonRpcInvalidParams, JsonRpcInternalError):
            method = data.get("method")
            _log.warning("A message that makes no sense was left out: %s", method)
            if method is not None and "id" in data:
                says = f"The parameters of {method} do not have the shape that the protocol asks for."
                self.refuse(data["id"], JsonRpcInvalidParams(says))
            return _Answered()

    def handle_message(self, message: Any) -> None:
        """Pass a message on, if this is the time for it."""
        if isinstance(message, _Answered) or not hasattr(message, "jsonrpc"):
            return
        method = getattr(message, "method", None)
        if method is not None and (refusal := self._untimely(method)) is not None:
            if hasattr(message, "id"):
                self.refuse(message.id, refusal)
            return
        super().handle_message(message)

    def _untimely(self, method: str) -> JsonRpcException | None:
        if self._shutdown and method != types.EXIT:
            return JsonRpcInvalidRequest("The server is shutting down.")
        if not self._initialized and method not in _BEFORE_INITIALIZE:
            return JsonRpcServerNotInitialized("The first request must be initialize.")
        if self._initialized and method == types.INITIALIZE:
            return JsonRpcInvalidRequest("The server is initialized already.")
        self._initialized = self._initialized or method == types.INITIALIZE
        return None

    def _handle_response(self, msg_id: Any, result: Any = None, error: Any = None) -> None:
        self._result_types.pop(msg_id, None)
        future = self._request_futures.get(msg_id)
        if future is not None and future.done():
            self._request_futures.pop(msg_id)
            return
        super()._handle_response(msg_id, result, error)

    # -- what goes out -----------------------------------------------------------------------------

    def _execute_handler(
        self,
        msg_id: Any,
        handler: Any,
        callback: Any,
        args: tuple[Any, ...] | None = None,
        kwargs: dict[str, Any] | None = None,
    ) -> None:
        def done(future: Future[Any]) -> None:
            self._request_futures.pop(msg_id, None)
            callback(future)

        super()._execute_handler(msg_id, handler, done, args, kwargs)

    def _send_handler_result(self, future: Future[Any], *, msg_id: Any) -> None:
        if future.cancelled():
            self.refuse(msg_id, JsonRpcRequestCancelled("The request was cancelled."))
            return
        error = future.exception()
        if error is None:
            self._send_response(msg_id, result=future.result())
        elif isinstance(error, JsonRpcException):
            self.refuse(msg_id, error)
        else:
            _log.error("A request failed.", exc_info=error)
            says = "GenX failed to answer because of a fault of its own; the server's log says more."
            self.refuse(msg_id, JsonRpcInternalError(says))

    def _check_handler_result(self, future: Future[Any]) -> None:
        if not future.cancelled() and (error := future.exception()) is not None:
            _log.error("A notification could not be handled.", exc_info=error)

    def refuse(self, msg_id: Any, error: JsonRpcException) -> None:
        """Answer a request with an error."""
        self._send_response(msg_id, None, error.to_response_error())

    # -- life cycle and documents ------------------------------------------------------------------

    @lsp_method(types.EXIT)
    def lsp_exit(self, *args: Any) -> Generator[Any, Any, None]:
        """End the process: with 0 after `shutdown`, with 1 without."""
        self.on_exit(0 if self._shutdown else 1)
        yield from ()

    @lsp_method(types.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: types.DidOpenTextDocumentParams) -> Iterator[Any]:
        """Hand it to the session, which keeps the documents."""
        yield self.fm.features[types.TEXT_DOCUMENT_DID_OPEN], (params,), None

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> Iterator[Any]:
        """Hand it to the session, which keeps the documents."""
        yield self.fm.features[types.TEXT_DOCUMENT_DID_CHANGE], (params,), None

    @lsp_method(types.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: types.DidCloseTextDocumentParams) -> Iterator[Any]:
        """Hand it to the session, which keeps the documents."""
        yield self.fm.features[types.TEXT_DOCUMENT_DID_CLOSE], (params,), None

    @lsp_method(types.WINDOW_WORK_DONE_PROGRESS_CANCEL)
    def lsp_work_done_progress_cancel(self, params: types.WorkDoneProgressCancelParams) -> Iterator[Any]:
        """Hand it to the progress feature, whose tokens pygls does not know."""
        yield self.fm.features[types.WINDOW_WORK_DONE_PROGRESS_CANCEL], (params,), None


async def serve(reader: asyncio.StreamReader, protocol: Protocol) -> None:
    """Handle messages until the stream ends. One that is no JSON is answered with a parse error."""
    while (length := await _content_length(reader)) is not None:
        try:
            body = await reader.readexactly(length)
        except asyncio.IncompleteReadError:
            return
        try:
            message = json.loads(body, object_hook=protocol.structure_message)
        except (ValueError, RecursionError):
            protocol.refuse(None, JsonRpcParseError("The message is not valid JSON."))
            continue
        try:
            protocol.handle_message(message)
        except Exception:
            # One message that cannot be handled must not end the loop that reads the others.
            _log.exception("A message could not be handled.")


async def _content_length(reader: asyncio.StreamReader) -> int | None:
    """The length that one message's headers announce; None at the end of the stream."""
    length: int | None = None
    while line := await _line(reader):
        name, _, value = line.decode("ascii", "replace").partition(":")
        if name.strip().lower() == "content-length" and _LENGTH.fullmatch(value.strip()):
            length = int(value)
        elif not line.strip() and length is not None:
            return length
    return None


async def _line(reader: asyncio.StreamReader) -> bytes:
    """The next line; of one that no header is as long as, nothing: it is passed over."""
    while True:
        try:
            return await reader.readline()
        except ValueError:
            continue  # Longer than the reader's limit, and dropped by it.


def read_in_thread(stream: BinaryIO) -> asyncio.StreamReader:
    """A reader fed by a thread of its own, which does not keep the process from ending."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=1 << 16, loop=loop)

    def feed() -> None:
        try:
            while data := os.read(stream.fileno(), 1 << 16):
                loop.call_soon_threadsafe(reader.feed_data, data)
            loop.call_soon_threadsafe(reader.feed_eof)
        except (OSError, RuntimeError):
            # The stream or the loop is gone, so nobody is left to tell.
            return

    threading.Thread(target=feed, name="genx-stdin", daemon=True).start()
    return reader


def quieten() -> None:
    """Keep whole messages, and with them the user's code, out of the log."""
    logging.getLogger("pygls").setLevel(logging.CRITICAL)

"""The language server: its life cycle, and which feature answers what. Nothing is computed here."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.io_ import StdoutWriter
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from genx_lsp import __version__, quick_start
from genx_lsp.engine_process import EngineFactory
from genx_lsp.errors import ConfigError
from genx_lsp.features import code_action, code_lens, diagnostics, hover
from genx_lsp.features.candidates import RUN, Candidates
from genx_lsp.features.commands import Commands
from genx_lsp.features.progress import Progress
from genx_lsp.features.refresh import LensRefresher
from genx_lsp.features.status import Status
from genx_lsp.features.test_file import TestWriter
from genx_lsp.pygls_faults import Protocol, quieten, read_in_thread, serve
from genx_lsp.session.capabilities import Capabilities
from genx_lsp.session.client import Client
from genx_lsp.session.configuration import Configuration
from genx_lsp.session.files import Files
from genx_lsp.session.folders import Folders, folder_uris
from genx_lsp.session.machine import Machine
from genx_lsp.session.session import Session
from genx_lsp.session.watch import watch_process

_log = logging.getLogger(__name__)

_SETTLE_SECONDS = 2.0
"""After the start, when an editor has opened what it opens: for some 50 ms nothing is answered."""

_SWITCH_SECONDS = 0.0005

TRUSTED = "genx/trusted"
"""Notification of a client that said at `initialize` that the workspace is not trusted: now it is."""


@dataclass(frozen=True)
class Parts:
    """The session and those features that keep something between requests."""

    session: Session
    configuration: Configuration
    commands: Commands
    progress: Progress
    status: Status
    files: Files


class Server(LanguageServer):
    """One server for one client."""

    protocol: Protocol

    def __init__(
        self,
        engines: EngineFactory | None = None,
        feedback_path: Path | None = None,
        machine: Machine | None = None,
    ) -> None:
        super().__init__("genx-lsp", __version__, protocol_cls=Protocol)
        self.protocol.on_exit = self.stop
        self.exit_code: int | None = None
        self._engines = engines
        self._feedback_path = feedback_path
        self._machine = machine
        self._stopping = asyncio.Event()
        self._parts: Parts | None = None
        self._watch: asyncio.Task[None] | None = None
        self._register()

    @property
    def parts(self) -> Parts:
        """What the server is made of from `initialize` on; no other message is let through earlier."""
        assert self._parts is not None
        return self._parts

    @property
    def session(self) -> Session:
        """The session."""
        return self.parts.session

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Faults of our own go to the log. pygls would put each before the user."""
        _log.error("%s: %s", getattr(source, "__name__", source), error)

    def stop(self, exit_code: int) -> None:
        """End the main loop."""
        if self.exit_code is None:
            self.exit_code = exit_code
        self._stopping.set()

    async def run(self, reader: asyncio.StreamReader) -> int:
        """Serve until `exit`, the end of the stream or the client's death. Returns the exit code."""
        with suppress(NotImplementedError, RuntimeError):
            # Editors that lose patience send SIGTERM, people at a terminal press Ctrl+C.
            for number in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(number, self.stop, 128 + number)
        serving = asyncio.create_task(serve(reader, self.protocol))
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            serving.cancel()
            stopping.cancel()
            await self._close()
        if self.exit_code is None:
            self.exit_code = 0 if self.protocol.shut_down else 1
        return self.exit_code

    async def _close(self) -> None:
        if self._parts is not None:
            self.session.client.close()
            if self._watch is not None:
                self._watch.cancel()
            await _aside(self.parts.files.close)
            await _aside(self.session.close)
            self.parts.commands.close()

    # -- life cycle --------------------------------------------------------------------------------

    def _initialize(self, params: types.InitializeParams) -> None:
        client = Client(self.protocol)
        capabilities = Capabilities.of(params)
        folders = Folders(
            params.initialization_options,
            lambda says: client.show(f"GenX: {says}", types.MessageType.Warning),
        )
        folders.open(folder_uris(params))
        session = Session(client, capabilities, folders, self._engines, self._feedback_path, self._machine)
        status = Status(session)
        progress, commands = Progress(session), Commands(session)
        configuration = Configuration(session, status.settings_changed)
        files = Files(session, configuration.pull)
        self._parts = Parts(session, configuration, commands, progress, status, files)
        candidates = Candidates(session)
        self.feature(RUN)(_answering(candidates.run))
        session.listeners += [
            candidates,
            diagnostics.Publisher(session),
            LensRefresher(session),
            progress,
            status,
            TestWriter(session),
        ]
        for name, handler in commands.table().items():
            self.command(name)(_plain(handler))
        if capabilities.pull_diagnostics:
            options = types.DiagnosticOptions(inter_file_dependencies=False, workspace_diagnostics=False)
            self.feature(types.TEXT_DOCUMENT_DIAGNOSTIC, options)(
                lambda params: diagnostics.pull(session, params)
            )
        watch = watch_process(params.process_id or 0, lambda: self.stop(1))
        if watch is not None:
            self._watch = asyncio.get_running_loop().create_task(watch)

    def _begin(self) -> None:
        self.parts.configuration.begin()
        self.parts.files.begin()
        asyncio.get_running_loop().call_later(_SETTLE_SECONDS, quick_start.settle)

    def _shut_down(self) -> None:
        """Stop the work. From now on the client hears nothing but the answer to this."""
        self.session.client.close()
        self.session.jobs.cancel(lambda job: True)

    def _trusted(self) -> None:
        """The user trusts the workspace by now: what is saved from here on is worked on."""
        self.session.trusted = True
        self.parts.status.settings_changed()

    def _folders_changed(self, params: types.DidChangeWorkspaceFoldersParams) -> None:
        session = self.session
        removed = tuple(folder.uri for folder in params.event.removed)
        session.folders.close(removed)
        session.folders.open([folder.uri for folder in params.event.added])
        added = (to_fs_path(folder.uri) for folder in params.event.added)
        self.parts.files.watch(Path(path) for path in added if path)
        self.parts.configuration.pull()

    # -- registration ------------------------------------------------------------------------------

    def _register(self) -> None:
        on: Callable[..., Any] = self.feature
        on(types.INITIALIZE)(lambda params: self._initialize(params))
        on(types.INITIALIZED)(lambda params: self._begin())
        on(types.SHUTDOWN)(lambda params: self._shut_down())
        on(TRUSTED)(lambda params: self._trusted())
        on(types.TEXT_DOCUMENT_DID_OPEN)(lambda params: self.session.opened(params.text_document))
        on(types.TEXT_DOCUMENT_DID_CHANGE)(lambda params: self.session.changed(params))
        on(types.TEXT_DOCUMENT_DID_SAVE, types.SaveOptions(include_text=False))(
            lambda params: self.session.saved(params.text_document.uri)
        )
        on(types.TEXT_DOCUMENT_DID_CLOSE)(lambda params: self.session.closed(params.text_document.uri))
        on(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)(lambda params: self._folders_changed(params))
        on(types.WORKSPACE_DID_CHANGE_CONFIGURATION)(
            lambda params: self.parts.configuration.changed(params.settings)
        )
        on(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)(lambda params: self.parts.files.told(params))
        on(types.WINDOW_WORK_DONE_PROGRESS_CANCEL)(lambda params: self.parts.progress.cancel(params))
        on(types.TEXT_DOCUMENT_CODE_LENS)(lambda params: code_lens.code_lenses(self.session, params))
        on(types.TEXT_DOCUMENT_HOVER)(lambda params: hover.hover(self.session, params))
        kinds: Sequence[Any] = code_action.KINDS
        on(types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(kinds, resolve_provider=True))(
            lambda params: code_action.code_actions(self.session, params)
        )
        on(types.CODE_ACTION_RESOLVE)(lambda action: code_action.resolve(self.session, action))


async def _aside(work: Callable[[], None]) -> None:
    """Do something that takes time in a thread, and where the system starts none do it here."""
    try:
        done = asyncio.get_running_loop().run_in_executor(None, work)
    except RuntimeError:
        work()
    else:
        await done


def _plain(handler: Callable[..., None]) -> Callable[..., None]:
    """pygls marks handlers with attributes, which bound methods do not take."""
    return lambda *arguments: handler(*arguments)


def _answering(handler: Callable[[Any], Coroutine[Any, Any, Any]]) -> Callable[..., Any]:
    """The same of one that answers later."""

    async def run(params: Any) -> Any:
        return await handler(params)

    return run


def _prepare() -> None:
    quieten()
    # What is parsed and chosen in other threads gives way to an answer sooner than after Python's 5 ms: with
    # a job at work, half of all hovers are answered in half the time, and so is the slowest tenth.
    sys.setswitchinterval(_SWITCH_SECONDS)


def serve_stdio(make: Callable[[], Server] = Server) -> int:
    """Serve one client over stdin and stdout. Returns the exit code."""
    _prepare()
    # Nothing else may write into the protocol's stream or read from it: not a stray print, not a child.
    stdin, stdout = os.fdopen(os.dup(0), "rb", 0), os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr

    async def main() -> int:
        server = make()
        server.protocol.set_writer(StdoutWriter(stdout))
        return await server.run(read_in_thread(stdin))

    return asyncio.run(main())


def serve_tcp(host: str, port: int, make: Callable[[], Server] = Server) -> int:
    """Serve one client over TCP and end with it. Port 0 picks a free one, which stderr is told.

    Raises `ConfigError` for an address that others could reach: whoever connects can run code.
    """
    _prepare()
    _require_loopback(host)

    async def main() -> int:
        connected: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]]
        connected = asyncio.get_running_loop().create_future()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if connected.done():
                writer.close()
            else:
                connected.set_result((reader, writer))

        listening = await asyncio.start_server(accept, host, port)
        address = listening.sockets[0].getsockname()
        print(f"GenX is listening on {address[0]}:{address[1]}", file=sys.stderr, flush=True)
        reader, writer = await connected
        listening.close()
        server = make()
        server.protocol.set_writer(writer)
        try:
            return await server.run(reader)
        finally:
            writer.close()

    try:
        return asyncio.run(main())
    except KeyboardInterrupt:
        # Nobody had connected yet.
        return 128 + signal.SIGINT


def _require_loopback(host: str) -> None:
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise ConfigError(
            f"GenX does not listen on {host}: whoever reaches it can run code. Use 127.0.0.1, "
            "and a tunnel of your own where the editor is elsewhere."
        )

"""The client's settings: pulled for every folder, and pulled again when they change."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from lsprotocol import types

from genx_lsp.config import ProjectLayer, project_layer
from genx_lsp.errors import Unavailable
from genx_lsp.session.files import GLOBS
from genx_lsp.session.session import Session

SECTION = "genx"
_log = logging.getLogger(__name__)


class Configuration:
    """Keeps the folders' settings in step with the client's."""

    def __init__(self, session: Session, changed: Callable[[], None]) -> None:
        self._session = session
        self._tell = changed
        self._pulls = 0
        self._roots: tuple[Path, ...] = ()
        """Folders whose own files the next pull reads."""
        self._waiting = False
        """A pull has not begun to read: whatever changes before it does is in it."""

    def begin(self) -> None:
        """The client is ready: ask to be told of changes, and for what holds now."""
        registrations = []
        if self._session.capabilities.watch_configuration:
            options = types.DidChangeConfigurationRegistrationOptions(section=SECTION)
            registrations.append(
                types.Registration("genx-settings", types.WORKSPACE_DID_CHANGE_CONFIGURATION, options)
            )
        if self._session.capabilities.watch_files:
            files = types.DidChangeWatchedFilesRegistrationOptions(
                [types.FileSystemWatcher(glob) for glob in GLOBS]
            )
            registrations.append(
                types.Registration("genx-files", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, files)
            )
        if registrations:
            self._session.client.ask_and_forget(
                types.CLIENT_REGISTER_CAPABILITY, types.RegistrationParams(registrations)
            )
        self.pull()

    def pull(self) -> None:
        """Read the projects' own files and ask for the settings of every folder.

        Clients that cannot be asked have sent theirs. Many changes told at once make one pull: on a slow disk
        each takes long.
        """
        # A save that comes before the answer waits for it.
        self._session.settings_known.clear()
        self._roots = tuple(f.path for f in self._session.folders.all if f.path is not None)
        if self._waiting:
            return
        self._waiting = True
        self._pulls += 1
        self._session.client.spawn(self._pull())

    def changed(self, settings: object) -> None:
        """Settings have changed. Older clients send them along."""
        if self._session.capabilities.configuration:
            self.pull()
            return
        section = settings.get(SECTION) if isinstance(settings, Mapping) else None
        if section is not None:
            for scope in self._session.folders.scopes:
                self._session.folders.configure(scope, section)
        if not self._pulls:
            self._ready()

    async def _pull(self) -> None:
        try:
            await self._read()
            if self._session.capabilities.configuration:
                await self._ask()
        finally:
            self._pulls -= 1
            if self._pulls == 0:
                self._ready()

    async def _read(self) -> None:
        def read() -> dict[Path, ProjectLayer]:
            self._waiting = False
            return {root: project_layer(root) for root in self._roots}

        try:
            self._session.folders.take(await self._session.lane.run(read))
        except Unavailable as error:
            self._waiting = False
            _log.warning("The projects' own settings are left out: %s", error)

    async def _ask(self) -> None:
        scopes = self._session.folders.scopes
        items = [types.ConfigurationItem(scope_uri=scope, section=SECTION) for scope in scopes]
        answers = await self._session.client.ask(
            types.WORKSPACE_CONFIGURATION, types.ConfigurationParams(items)
        )
        for scope, values in zip(scopes, answers or (), strict=False):
            self._session.folders.configure(scope, values)

    def _ready(self) -> None:
        self._session.settings_known.set()
        self._tell()

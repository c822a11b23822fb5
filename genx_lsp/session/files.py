"""What changes on disk behind the editor's back: settings, and tests that git or another tool has touched."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from fnmatch import fnmatch
from functools import partial
from pathlib import Path

from lsprotocol import types

from genx_lsp.errors import GenxError, Unavailable
from genx_lsp.session.documents import Snapshot
from genx_lsp.session.session import Session
from genx_lsp.session.threads import started

_log = logging.getLogger(__name__)

_SETTINGS = "pyproject.toml"
_TESTS = ("test_*.py", "*_test.py", "tests.py")
_UNWATCHED = "Changes on disk are noticed only when a file is saved here: %s"
GLOBS = tuple(f"**/{name}" for name in (_SETTINGS, *_TESTS))
"""What a client is asked to watch."""


class Files:
    """Told by the client where it can watch files, by the system where it cannot."""

    def __init__(self, session: Session, settings_changed: Callable[[], None]) -> None:
        self._session = session
        self._settings_changed = settings_changed
        self._ended = threading.Event()
        self._threads: list[threading.Thread] = []

    def begin(self) -> None:
        """The client is ready: watch for ourselves where it cannot."""
        if self._session.capabilities.watch_files:
            return
        self.watch(folder.path for folder in self._session.folders.all if folder.path is not None)

    def watch(self, folders: Iterable[Path]) -> None:
        """Watch folders; no thread waits for the walk through them."""
        if self._session.capabilities.watch_files:
            return
        for folder in folders:
            try:
                self._threads.append(started(partial(self._watch, folder), "genx-files"))
            except Unavailable as error:
                _log.warning(_UNWATCHED, error)

    def told(self, params: types.DidChangeWatchedFilesParams) -> None:
        """The client has seen changes."""
        paths = (Snapshot(change.uri, None, "").path for change in params.changes)
        self.changed([path for path in paths if path is not None])

    def changed(self, paths: Iterable[Path]) -> None:
        """Files were written, moved or deleted."""
        changed = set(paths)
        if any(path.name == _SETTINGS for path in changed):
            self._settings_changed()
        for path in changed:
            if any(fnmatch(path.name, pattern) for pattern in _TESTS):
                self._session.reactions.tests_changed(path)

    def close(self) -> None:
        """Watch no longer."""
        self._ended.set()
        for thread in self._threads:
            thread.join(5)

    def _watch(self, folder: Path) -> None:
        # Imported late: most clients watch for themselves.
        from genx_lsp.session.observing import observed

        try:
            with observed(folder, _wanted, self._seen):
                self._ended.wait()
        except (GenxError, OSError) as error:
            _log.warning(_UNWATCHED, error)

    def _seen(self, path: Path) -> None:
        self._session.later(lambda: self.changed([path]))


def _wanted(path: Path) -> bool:
    return path.name == _SETTINGS or any(fnmatch(path.name, pattern) for pattern in _TESTS)

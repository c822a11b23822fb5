"""A pytest session that waits in the zygote, just before the first line of the project's code would run.

Options, plugins, configuration and fixtures of plugins take pytest longer than a small file's tests, and are
the same for every program of a run. So the zygote starts pytest once for a run and stops inside it: where a
`conftest.py` or another module of the project would be imported, at the latest where items would be
collected. There it forks for each program, and every fork goes on from that very place. When the next file
comes, the zygote unwinds the session and starts another.
"""

# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

import contextlib
import gc
import importlib
import itertools
import os
import sys
from typing import Any

from . import items, warming
from .forking import GO_ON
from .reporting import Reporter

_exit = os._exit
# A collection of all there is takes as long as one program: 60 ms.
_SESSIONS = 16


class _Unwound(BaseException):
    """The zygote leaves a session. pytest cannot take it for a failure of anything."""


class Session:
    """pytest over one test file, up to where forks go on."""

    def __init__(self, prepared):
        self._prepared = prepared
        self._reporter = Reporter()
        self._border = _Border(self._stop, prepared)
        self._listen: Any = None
        self._word: Any = None
        self._stopped = False
        self.stood = False
        """Whether the zygote got as far as to wait for forks."""
        self.held: list[int] = []
        """Descriptors that pytest opened on the way: all of them on /dev/null."""

    def stand(self, listen):
        """`listen` for forks inside pytest, and return what it heard that is not for them.

        None if pytest does not get there: `stood` tells. A fork never returns: it ends with its session.
        """
        self._listen = listen
        self._before = (_descriptors(), set(sys.modules))
        with warming.at_home():
            try:
                self._prepared.settle()
                # Where a pytest is built in another way, forks start their own.
                with contextlib.suppress(Exception), self._border:
                    items.session(self._prepared, self._reporter)
            finally:
                if self._word is GO_ON:
                    self._finish()
            gc.unfreeze()
        return self._word

    def begin(self, channel, request):
        """In a fork: put the program in its place. Whether pytest is to go on."""
        return items.begin(channel, request, self._prepared, self._reporter)

    def _finish(self):
        try:
            self._reporter.end()
        finally:
            _exit(0)

    def _stop(self):
        """Wait for forks here, the first time. Returns in forks alone."""
        if self._stopped:
            return
        self._stopped = True
        if self._fit():
            _freeze()
            self.stood = True
            self._word = self._listen(self._prepared)
            if self._word is GO_ON:
                self._border.open()
                return
        self._reporter.leaves = True
        raise _Unwound

    def _fit(self):
        """Whether forks may go on from here: no thread, no open file, nothing of the project loaded."""
        fds, modules = self._before
        self.held = [fd for fd in _descriptors() if fd not in fds]
        fresh = [module for name, module in list(sys.modules.items()) if name not in modules]
        return (
            len(os.listdir("/proc/self/task")) == 1
            and all(map(_is_silent, self.held))
            and not any(self._border.encloses(getattr(m, "__file__", None) or "") for m in fresh)
        )


class _Border:
    """Where the zygote's ground ends: importing the project's modules, loading a conftest, collecting.

    While it is closed, `stop` is called by whoever would cross.
    """

    def __init__(self, stop, prepared):
        self._stop = stop
        places = (prepared.folder, os.path.dirname(prepared.file["path"]), *prepared.import_roots)
        self._inside = tuple(os.path.join(place, "") for place in places)
        outside = {sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix, warming.SITE}
        # An interpreter's own folders may lie inside the project, as in `.venv`.
        self._outside = tuple(os.path.join(place, "") for place in outside)
        self._undo: list[Any] = []

    def encloses(self, path):
        """Whether a folder or file is the project's."""
        path = os.path.join(path, "")
        return path.startswith(self._inside) and not path.startswith(self._outside)

    def __enter__(self):
        main: Any = importlib.import_module("_pytest.main")
        manager: Any = importlib.import_module("_pytest.config").PytestPluginManager
        collect, load = main._main, manager._importconftest

        def stop_before_collecting(config, session):
            try:
                self._stop()
            except _Unwound:
                return None
            return collect(config, session)

        def stop_before_loading(*args, **named):
            self._stop()
            return load(*args, **named)

        main._main, manager._importconftest = stop_before_collecting, stop_before_loading
        self._undo = [
            lambda: setattr(main, "_main", collect),
            lambda: setattr(manager, "_importconftest", load),
            lambda: sys.path_hooks.remove(self._finder),
            self._forget_finders,
        ]
        sys.path_hooks.insert(0, self._finder)
        self._forget_finders()
        return self

    def __exit__(self, kind, error, trace):
        self.open()

    def open(self):
        """Let everything pass as if nothing had ever stood here."""
        undo, self._undo = self._undo, []
        for step in undo:
            step()

    def _forget_finders(self):
        for path in [p for p in sys.path_importer_cache if self.encloses(p)]:
            del sys.path_importer_cache[path]

    def _finder(self, path):
        """As a path hook: a finder for a folder of the project."""
        if not self.encloses(path):
            raise ImportError(path)
        for hook in sys.path_hooks:
            if hook != self._finder:
                with contextlib.suppress(ImportError):
                    return _Finder(hook(path), self._stop)
        raise ImportError(path)


class _Finder:
    """Finds what the real one finds, and has the zygote stop before anybody loads it."""

    def __init__(self, real, stop):
        self._real, self._stop = real, stop

    def find_spec(self, name, target=None):
        """The spec. A namespace package has no code of its own, so nothing stops for it."""
        spec = self._real.find_spec(name, target)
        if spec is not None and spec.loader is not None:
            self._stop()
        return spec

    def invalidate_caches(self):
        """Look at the folder anew."""
        self._real.invalidate_caches()


_frozen = itertools.count(1)


def _freeze():
    """Keep the collector of forks away from what was made here. Sessions that are over go now and then."""
    if next(_frozen) % _SESSIONS == 0:
        gc.collect()
    gc.freeze()


def _descriptors():
    return [int(name) for name in os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd/" + name)]


def _is_silent(fd):
    """Whether it leads to /dev/null: all that pytest opens in this place, for logs and for crashes."""
    return os.fstat(fd).st_rdev == os.stat(os.devnull).st_rdev

"""The server's start made quick: what it compiles anew at every start is kept, and nothing is collected.

lsprotocol describes the protocol in some 550 attrs classes; attrs, and later cattrs, write the methods of
each as source and compile it, which was half of every start. What a source compiles to depends on nothing
but the Python, so it is kept in a file as Python keeps its own `.pyc`: in a folder of the user's, and read
only where nobody else can write to it. Whatever goes wrong with it costs that time and nothing else.
"""

from __future__ import annotations

import builtins
import contextlib
import gc
import hashlib
import importlib.util
import marshal
import os
import stat
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from types import CodeType
from typing import Any

_COMPILE_MUCH = ("attr._make", "cattrs.gen")
_HEAD = b"genx start 1\n"
_FEW = 16
"""Some sources name what only one process has, and are new each time: no reason to write."""
_LARGEST = 16 * 1024 * 1024


class Compiled:
    """Code by source, kept in one file. What was not asked for in a run is dropped when it is written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._kept = _read(path)
        self._used: dict[str, CodeType] = {}
        self._new = 0

    @property
    def kept(self) -> int:
        """How much there was from earlier starts."""
        return len(self._kept)

    def compile(self, source: Any, filename: Any, mode: str, *more: Any, **named: Any) -> Any:
        """Stands in for the builtin. Equal sources share their code, and so the first one's file name."""
        if mode != "exec" or more or named or not isinstance(source, str):
            return builtins.compile(source, filename, mode, *more, **named)
        code = self._used.get(source) or self._kept.get(source)
        if code is None:
            code = builtins.compile(source, filename, mode)
            self._new += 1
        self._used[source] = code
        return code

    def write(self) -> None:
        """Keep what was used, where much was new. Two servers that do so at once do no harm."""
        if self._new <= _FEW:
            return
        body = marshal.dumps(self._used)
        with contextlib.suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(prefix=f".{self.path.name}.", dir=self.path.parent)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(_head(body) + body)
                os.replace(name, self.path)
            except OSError:
                os.unlink(name)
                raise


_compiled: Compiled | None = None
_begun = False


def default_path() -> Path:
    """Beside the cache of outcomes. Raises `RuntimeError` without a home."""
    import platformdirs

    named = os.environ.get("GENX_CACHE", "")
    folder = Path(named).expanduser().parent if named else platformdirs.user_cache_path("genx-lsp")
    return folder / f"start-{sys.implementation.cache_tag}-{sys.flags.optimize}.bin"


def begin(path: Path | None = None) -> None:
    """Call before anything of the protocol is imported; `settle` ends it."""
    global _begun, _compiled
    _begun = True
    gc.disable()
    _without_tls()
    try:
        _compiled = Compiled(path or default_path())
    except (RuntimeError, OSError):
        return
    for name in _COMPILE_MUCH:
        # A version that keeps it elsewhere is only slower.
        with contextlib.suppress(ImportError):
            # A name of the module's own goes before the builtin: nothing of the library is replaced.
            import_module(name).__dict__["compile"] = _compiled.compile


def _without_tls() -> None:
    """Load asyncio as on a Python without OpenSSL: nothing here speaks TLS through it.

    Some milliseconds and megabytes less. Who asks for `ssl` later, as an endpoint's client does, gets it.
    """
    if "asyncio" not in sys.modules and "ssl" not in sys.modules:
        # None makes an import fail, as the import system documents it; its annotation knows modules only.
        sys.modules["ssl"] = None  # type: ignore[assignment]
        try:
            import_module("asyncio")
        finally:
            del sys.modules["ssl"]


def settle() -> None:
    """The start is over: keep what was compiled, and let the collector pass over what is here to stay."""
    global _begun, _compiled
    if not _begun:
        return
    _begun = False
    gc.collect()
    gc.freeze()
    gc.enable()
    if _compiled is not None:
        for name in _COMPILE_MUCH:
            with contextlib.suppress(ImportError):
                import_module(name).__dict__.pop("compile", None)
        _compiled.write()
        _compiled = None


def _head(body: bytes) -> bytes:
    # marshal is not made for damaged input: it may crash on it.
    return _HEAD + importlib.util.MAGIC_NUMBER + hashlib.sha256(body).digest()


def _read(path: Path) -> dict[str, CodeType]:
    try:
        with path.open("rb") as file:
            about = os.fstat(file.fileno())
            if about.st_uid != os.geteuid() or about.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
                return {}
            data = file.read(_LARGEST)
    except OSError:
        return {}
    body = data[len(_head(b"")) :]
    if data[: -len(body) or None] != _head(body):
        return {}
    found = marshal.loads(body)
    return found if isinstance(found, dict) else {}

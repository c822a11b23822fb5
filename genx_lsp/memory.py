"""Memory that is not needed any more, given back to the system: the C library keeps it otherwise."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys
from collections.abc import Callable
from functools import lru_cache

import genx_sandbox
from genx_lsp import remembered

_ARENA_MAX = -8
"""`M_ARENA_MAX` of malloc.h."""


def give_back() -> None:
    """Forget what was kept to be quicker, and hand free pages back. Takes some hundredths of a second."""
    remembered.forget()
    genx_sandbox.forget()
    gc.collect()
    trim = _trim()
    if trim is not None:
        trim(0)


def one_arena() -> None:
    """Have glibc take the memory of all threads from one place.

    Each thread has its own otherwise, half empty most of the time; where one thread runs at a time, as in
    Python, that gains nothing.
    """
    library = _library()
    if library is not None:
        with contextlib.suppress(AttributeError):
            library.mallopt(_ARENA_MAX, 1)


def _library() -> ctypes.CDLL | None:
    """The C library, on Linux; others give back by themselves."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        return ctypes.CDLL(None)
    except OSError:
        return None


@lru_cache(maxsize=1)
def _trim() -> Callable[[int], int] | None:
    """glibc's `malloc_trim`; other C libraries have no such thing."""
    found = getattr(_library(), "malloc_trim", None)
    if found is not None:
        found.argtypes, found.restype = [ctypes.c_size_t], ctypes.c_int
    return found

"""Memory that is not needed any more, given back to the system: the C library keeps it otherwise."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Callable
from functools import lru_cache


def give_back() -> None:
    """Collect what nobody refers to, and hand free pages back. Takes some hundredths of a second."""
    gc.collect()
    trim = _trim()
    if trim is not None:
        trim(0)


@lru_cache(maxsize=1)
def _trim() -> Callable[[int], int] | None:
    """glibc's `malloc_trim`; other C libraries give back by themselves or have no such thing."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        found = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):
        return None
    found.argtypes, found.restype = [ctypes.c_size_t], ctypes.c_int
    return found

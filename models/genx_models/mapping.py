"""The model's file in memory: what llama.cpp has copied out of it need not stay there as well."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from pathlib import Path

_DONTNEED = 4
"""`MADV_DONTNEED` of mman.h."""


def let_go(path: str) -> None:
    """Take the pages of a mapped file out of this process' memory; those that are read again come back.

    llama.cpp maps the whole file and on a CPU rearranges most of the weights into memory of its own, for its
    quicker kernels: what it read for that is never looked at again. The system's cache keeps the file, and a
    page that is needed costs a microsecond. On systems other than Linux nothing is done.
    """
    if not sys.platform.startswith("linux"):
        return
    real = os.path.realpath(path)
    # Only a file that is mapped and never written: there the pages are the file's.
    with contextlib.suppress(OSError, AttributeError, ValueError):
        advise = ctypes.CDLL(None).madvise
        advise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
        for line in Path("/proc/self/maps").read_text("utf-8", "surrogateescape").splitlines():
            where, rights, *rest = line.split(maxsplit=5)
            if rest[-1:] == [real] and "w" not in rights:
                first, last = (int(address, 16) for address in where.split("-"))
                advise(first, last - first, _DONTNEED)

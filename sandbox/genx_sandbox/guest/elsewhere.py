"""Another machine, as far as a program can ask for one: what is said of it must not be expected of others.

The second look at calls happens here. A value that holds this machine's name, the version of its kernel or of
its Python, its time zone or the home folder of whoever runs it differs in that look, as it would differ for a
colleague, and no test is made of it.
"""

# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

import os
import socket
import sys
import time

NAME = "elsewhere"
_VARIABLES = {"HOME": "/home/elsewhere", "USER": NAME, "LOGNAME": NAME, "TZ": "XST-5:45"}


def pretend():
    """Have this process and its forks believe that they run on another machine with another Python.

    What programs choose their way by stays as it is: the system, `sys.version_info`, folders that exist.
    """
    os.environ.update(_VARIABLES)
    time.tzset()
    here = os.uname()
    machine = "aarch64" if here.machine != "aarch64" else "x86_64"
    there = type(here)((here.sysname, NAME, "0.0.1-elsewhere", "#1 elsewhere", machine))
    cores = (os.cpu_count() or 1) + 1
    os.uname = lambda: there
    os.cpu_count = lambda: cores
    os.getlogin = lambda: NAME
    socket.gethostname = lambda: NAME
    # `platform` reads it, and keeps what it read for good.
    sys.version = "%d.%d.99 (elsewhere) [GCC 0.1]" % sys.version_info[:2]
    known = sys.modules.get("platform")
    if known is not None:
        for cache in ("_uname_cache", "_platform_cache", "_sys_version_cache"):
            kept = getattr(known, cache, None)
            if isinstance(kept, dict):
                kept.clear()
            elif kept is not None:
                setattr(known, cache, None)

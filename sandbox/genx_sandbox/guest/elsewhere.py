"""Another machine on another day, as far as a program can ask: what is so here must not be expected there.

The second look at calls happens here. A value that holds this machine's name, the version of its kernel or of
its Python, its time zone, the home folder of whoever runs it, today's date or what lies in a folder differs
in that look, as it would differ for a colleague, and no test is made of it.
"""

# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

import contextlib
import gc
import os
import socket
import sys
import time

NAME = "elsewhere"
LATER = 4155 * 86400 + 7 * 3600 + 13 * 60 + 29
"""Seconds from now until the moment of the second look: eleven years, four and a half months and some hours.

From whichever day it is, that one has another year, quarter, month, day of the month, week and weekday.
What will be over by then, and is not today, is no matter for a test."""
_folders_are_empty = False
_VARIABLES = {"HOME": "/home/elsewhere", "USER": NAME, "LOGNAME": NAME, "TZ": "XST-5:45"}


def pretend():
    """Have this process and its forks believe that they run on another machine with another Python.

    Modules are still to be imported, so folders have their files until `empty_folders`.

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
    _hide_files()
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


def later():
    """Have clocks that tell the date show another one, from now on in this process and its forks."""
    now, now_ns = time.time, time.time_ns
    time.time = lambda: now() + LATER
    time.time_ns = lambda: now_ns() + LATER * 10**9
    for name in ("gmtime", "localtime", "ctime"):
        setattr(time, name, _of_seconds(getattr(time, name)))
    strftime, asctime = time.strftime, time.asctime
    time.strftime = lambda form, *moment: strftime(form, *(moment or [time.localtime()]))
    time.asctime = lambda *moment: asctime(*(moment or [time.localtime()]))
    with contextlib.suppress(Exception):
        _shift_datetime()


def _of_seconds(known):
    return lambda seconds=None: known(time.time() if seconds is None else seconds)


def _shift_datetime():
    """`date.today` asks `time.time`; `datetime.now` asks the system, and its type takes no attribute."""
    import ctypes
    import datetime

    kind = datetime.datetime
    (attributes,) = gc.get_referents(kind.__dict__)
    attributes["now"] = classmethod(lambda cls, tz=None: cls.fromtimestamp(time.time(), tz))
    attributes["utcnow"] = classmethod(
        lambda cls: cls.fromtimestamp(time.time(), datetime.timezone.utc).replace(tzinfo=None)
    )
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(kind))


def empty_folders():
    """From now on folders seem to be empty, where this process pretends; files that are named are there."""
    global _folders_are_empty
    _folders_are_empty = True


class _Nothing:
    def __iter__(self):
        return self

    def __next__(self):
        raise StopIteration

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        pass


def _hide_files():
    global _folders_are_empty
    _folders_are_empty = False  # The zygote's rehearsal went through it all.
    listdir, scandir = os.listdir, os.scandir

    def is_empty(path):
        return _folders_are_empty and os.path.isdir(path)

    hiding = {
        "listdir": lambda path=".": [] if is_empty(path) else listdir(path),
        "scandir": lambda path=".": _Nothing() if is_empty(path) else scandir(path),
    }
    for name, function in hiding.items():
        setattr(os, name, function)

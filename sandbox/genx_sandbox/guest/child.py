"""One fork: give everything up, load one candidate, evaluate its calls, report, vanish."""

# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

import json
import linecache
import os
import sys

from . import calls, loading, probes, program, split
from .confine import unreadable
from .wire import Channel, frame


def run(channel_fd, request_fd, confinement, shared):
    """Serve the request read from `request_fd` and end the process; never returns."""
    exit_now = os._exit
    try:
        request = json.loads(read_all(request_fd))
        channel = Channel(channel_fd)
        confinement.enter(request["limits"], keep=(channel_fd,))
        _serve(channel, request, shared)
    except BaseException:
        exit_now(70)
    exit_now(0)


def run_program(line_fd, request_fd, confinement):
    """The split grade's program: answers the test over `line_fd`; never returns."""
    exit_now = os._exit
    try:
        request = json.loads(read_all(request_fd))
        confinement.enter(request["limits"], keep=(line_fd,))
        _settle(request)
        program.serve(line_fd, request)
    except BaseException:
        exit_now(70)
    exit_now(0)


def run_test(channel_fd, request_fd, line_fd, confinement):
    """The split grade's test: asks the program over `line_fd`, reports to the parent; never returns."""
    exit_now = os._exit
    try:
        request = json.loads(read_all(request_fd))
        channel = Channel(channel_fd)
        unreadable()
        confinement.enter(request["limits"], keep=(channel_fd, line_fd))
        _settle(request)
        split.serve(channel, line_fd, request)
    except BaseException:
        exit_now(70)
    exit_now(0)


# The calls a rehearsal makes: a value, an exception and a changed argument, as real programs do.
_PLAY = "def f(x):\n    x.append({1: (2.5, 'a', None, True)})\n    return x\n"
_LINES = ("f([1, 2])", "f([])", "f(3)")


class _Silence:
    def send(self, message):
        frame(message)


class _Played:
    def __init__(self, prepared):
        self._prepared = prepared

    def calls(self):
        return self._prepared


def rehearse():
    """Serve a program of our own in the zygote, so that forks find this code warm.

    What an interpreter writes while it specialises bytecode and fills caches are pages that every fork
    would have to copy for itself: measured, 15 % of what a fork costs.
    """
    limits = {"value_bytes": 65536, "value_depth": 24, "value_items": 5000, "text_bytes": 8192}
    played = {
        "module": "_genx_rehearsal",
        "path": "/_genx_rehearsal.py",
        "source": _PLAY,
        "is_package": False,
        "probes": False,
    }
    prepared = [calls.prepare({"expression": line}) for line in _LINES] * 8
    request = {"grade": "values", "program": played, "first": 0, "limits": limits}
    request.update({"import_roots": [], "folder": "/"})
    for _ in range(3):
        _serve(_Silence(), json.loads(json.dumps(request)), _Played(prepared))
        sys.meta_path[:] = [f for f in sys.meta_path if type(f) is not loading.MemoryModule]
        del sys.modules["_genx_rehearsal"]
        linecache.cache.pop("/_genx_rehearsal.py", None)


def _serve(channel, request, shared):
    _settle(request)
    if request["grade"] == "items":
        from . import items

        items.serve(channel, request)
        return
    source = request["program"]
    probe = probes.Probe() if source["probes"] else None
    try:
        finder = loading.install(source, request["import_roots"], probe.instrument if probe else None)
        if probe is not None:
            finder.extra[probes.NAME] = probe.hits
        module = loading.load(finder)
    except BaseException as error:
        channel.send({"load_error": calls.one_line(error)})
        return
    channel.send({"load_error": ""})
    evaluator = calls.Evaluator(module, request["limits"], probe)
    prepared = shared.calls()
    for index in range(request["first"], len(prepared)):
        report = evaluator.run(prepared[index])
        report["index"] = index
        channel.send(report)


def _settle(request):
    """What a candidate finds when it looks around: no arguments, its project as folder."""
    sys.argv[:] = [""]
    try:
        os.chdir(request["folder"])
    except OSError:
        os.chdir("/")


def read_all(fd):
    """Everything in a memfd."""
    # The memfd is shared between forks and retries, so its offset is nobody's: read by position.
    pieces: list[bytes] = []
    offset = 0
    while True:
        piece = os.pread(fd, 1 << 20, offset)
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)
        offset += len(piece)

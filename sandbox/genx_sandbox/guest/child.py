"""One fork: give everything up, hear what to do, do it, report, vanish."""

# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

import json
import linecache
import os
import sys

from . import calls, loading, probes, program, split
from .confine import readable
from .wire import Channel, frame, outcome_frame


class Prepared:
    """What all forks of a run share: where they stand, and the calls or the test file."""

    def __init__(self, shared, compiled):
        self.folder = shared.get("folder", "/")
        self.import_roots = shared.get("import_roots", ())
        self.limits = shared.get("limits", {})
        self._calls = shared.get("calls", ())
        self._ready = [calls.prepare(call) for call in self._calls] if compiled else None

    def calls(self):
        """The calls, compiled."""
        if self._ready is None:
            return [calls.prepare(call) for call in self._calls]
        return self._ready


class _PreparedTests(Prepared):
    def __init__(self, shared, compiled):
        super().__init__(shared, False)
        self.tests = split.Tests(shared["file"], compiled) if "file" in shared else None


class _PreparedItems(Prepared):
    def __init__(self, shared, compiled):
        super().__init__(shared, False)
        if compiled:
            from . import items

            items.prepare_file(shared["file"])


# By what the forks of a zygote are.
PREPARED = {"values": Prepared, "program": Prepared, "test": _PreparedTests, "items": _PreparedItems}


def live(role, channel_fd, line_fd, confinement, prepared):
    """Be one fork from its first moment to its last; never returns."""
    exit_now = os._exit
    try:
        channel = Channel(channel_fd)
        confinement.enter(keep=[fd for fd in (channel_fd, line_fd) if fd >= 0])
        _settle(prepared)
        asked = channel.receive()
        if asked:
            request = json.loads(asked)
            if role != "test":
                # Zygotes, forks that stand ready and tests are closed to whoever else is in the jail.
                readable()
            confinement.clock(request["cpu_seconds"])
            if role == "program":
                # What is said from here on is between the program and its test.
                os.close(channel_fd)
                program.serve(line_fd, request, prepared)
            elif role == "test":
                split.serve(channel, line_fd, request, prepared)
            elif role == "items":
                from . import items

                items.serve(channel, request, prepared)
            else:
                _serve(channel, request, prepared)
    except BaseException:
        exit_now(70)
    exit_now(0)


# The calls a rehearsal makes: a value, an exception and a changed argument, as real programs do.
_PLAY = "def f(x):\n    x.append({1: (2.5, 'a', None, True)})\n    return x\n"
_LINES = ("f([1, 2])", "f([])", "f(3)")


class _Silence:
    def send(self, message):
        frame(message)

    def send_outcome(self, index, seconds, report):
        outcome_frame(index, seconds, report)


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
    shared = {"limits": limits, "calls": [{"expression": line} for line in _LINES] * 8}
    prepared = Prepared(shared, True)
    for _ in range(3):
        _serve(_Silence(), json.loads(json.dumps({"program": played, "first": 0})), prepared)
        sys.meta_path[:] = [f for f in sys.meta_path if type(f) is not loading.MemoryModule]
        del sys.modules["_genx_rehearsal"]
        linecache.cache.pop("/_genx_rehearsal.py", None)


def _serve(channel, request, prepared):
    source = request["program"]
    probe = probes.Probe() if source["probes"] else None
    try:
        finder = loading.install(source, probe.instrument if probe else None)
        if probe is not None:
            finder.extra[probes.NAME] = probe.hits
        module = loading.load(finder)
    except BaseException as error:
        channel.send({"load_error": calls.one_line(error)})
        return
    channel.send({"load_error": ""})
    evaluator = calls.Evaluator(module, prepared.limits, probe)
    ready = prepared.calls()
    for index in range(request["first"], len(ready)):
        seconds, report = evaluator.run(ready[index])
        channel.send_outcome(index, seconds, report)


def _settle(prepared):
    """What a candidate finds when it looks around: no arguments, its project as folder and on the path."""
    sys.argv[:] = [""]
    sys.path[:0] = [root for root in prepared.import_roots if root not in sys.path]
    try:
        os.chdir(prepared.folder)
    except OSError:
        os.chdir("/")

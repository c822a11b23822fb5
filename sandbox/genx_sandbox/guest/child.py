"""One fork: give everything up, hear what to do, do it, report, vanish."""

# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

import json
import os
import sys

from . import calls, elsewhere, loading, probes, program, split
from .confine import readable
from .wire import Channel


class Prepared:
    """What all forks of a run share: where they stand, and the calls or the test file."""

    def __init__(self, shared, compiled):
        self.folder = shared.get("folder", "/")
        self.import_roots = shared.get("import_roots", ())
        self.limits = shared.get("limits", {})
        self._calls = shared.get("calls", ())
        self._ready = [calls.prepare(call) for call in self._calls] if compiled else None

    def stand(self, listen):
        """Have the zygote listen for forks; what it hears that is not for them."""
        return listen(self)

    def held(self):
        """Descriptors that forks keep besides their own."""
        return ()

    def settle(self):
        """What a candidate finds when it looks around: no arguments, its project as folder and path."""
        sys.argv[:] = [""]
        sys.path[:0] = [root for root in self.import_roots if root not in sys.path]
        try:
            os.chdir(self.folder)
        except OSError:
            os.chdir("/")

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
        self.file = shared.get("file")
        self._compiled = compiled
        self.session = None
        if compiled:
            from . import warming

            warming.prepare_file(self.file)

    def stand(self, listen):
        if self._compiled:
            from . import standing

            self.session = standing.Session(self)
            word = self.session.stand(listen)
            if self.session.stood:
                return word
            self.session = None
        return listen(self)

    def held(self):
        return self.session.held if self.session else ()


# By what the forks of a zygote are.
PREPARED = {"values": Prepared, "program": Prepared, "test": _PreparedTests, "items": _PreparedItems}


def live(role, channel_fd, line_fd, confinement, prepared):
    """Be one fork from its first moment to its last. Returns only to go on where its zygote waited."""
    exit_now = os._exit
    try:
        channel = Channel(channel_fd)
        confinement.enter(keep=[fd for fd in (channel_fd, line_fd, *prepared.held()) if fd >= 0])
        prepared.settle()
        asked = channel.receive()
        if asked:
            request = json.loads(asked)
            if role != "test":
                # Zygotes, forks that stand ready and tests are closed to whoever else is in the jail.
                readable()
            confinement.clock(request["cpu_seconds"])
            if role == "program":
                # What is said from here on is between the program and its test.
                channel.close()
                program.serve(line_fd, request, prepared)
            elif role == "test":
                split.serve(channel, line_fd, request, prepared)
            elif role == "items":
                from . import items

                if prepared.session is None:
                    items.serve(channel, request, prepared)
                elif prepared.session.begin(channel, request):
                    return
            else:
                serve_calls(channel, request, prepared)
            channel.close()
    except BaseException:
        exit_now(70)
    exit_now(0)


def serve_calls(channel, request, prepared):
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
    elsewhere.empty_folders()
    evaluator = calls.Evaluator(module, prepared.limits, probe)
    ready = prepared.calls()
    for index in range(request["first"], len(ready)):
        seconds, report = evaluator.run(ready[index])
        channel.send_outcome(index, seconds, report)

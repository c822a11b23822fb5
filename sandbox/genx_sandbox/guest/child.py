"""One fork: give everything up, load one candidate, evaluate its calls, report, vanish."""

# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

import json
import os
import sys

from . import calls, loading, probes
from .wire import Channel


def run(channel_fd, request_fd, confinement, prepared):
    """Serve the request read from `request_fd` and end the process; never returns."""
    exit_now = os._exit
    try:
        request = json.loads(read_all(request_fd))
        channel = Channel(channel_fd)
        confinement.enter(request["limits"], keep=channel_fd)
        _serve(channel, request, prepared)
    except BaseException:
        exit_now(70)
    exit_now(0)


def _serve(channel, request, prepared):
    _settle(request)
    if request["grade"] == "items":
        from . import items

        items.serve(channel, request)
        return
    program = request["program"]
    probe = probes.Probe() if program["probes"] else None
    try:
        finder = loading.install(program, request["import_roots"], probe.instrument if probe else None)
        if probe is not None:
            finder.extra[probes.NAME] = probe.hits
        module = loading.load(finder)
    except BaseException as error:
        channel.send({"load_error": calls.one_line(error)})
        return
    channel.send({"load_error": ""})
    evaluator = calls.Evaluator(module, request["limits"], probe)
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

"""Programs and tests of our own, run in the zygote so that forks find this code warm.

What an interpreter imports on the way, and what it writes while it specialises bytecode and fills caches,
every fork would import and write for itself, each page of it copied: measured, 15 % of what a fork costs in
the values grade.
"""

# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

import contextlib
import importlib
import json
import linecache
import os
import shutil
import socket
import sys
import tempfile

from . import child, loading, program, rpc, split
from .wire import frame, outcome_frame

# A value, an exception and a changed argument, as real programs do.
_PROGRAM = {
    "module": "_genx_rehearsal",
    "path": "/_genx_rehearsal.py",
    "source": "def f(x):\n    x.append({1: (2.5, 'a', None, True)})\n    return x\n",
    "is_package": False,
    "probes": False,
}
_CALLS = ("f([1, 2])", "f([])", "f(3)")
_TESTS = """import pytest


@pytest.mark.parametrize("x", range(8))
def test_right(x):
    assert [x, (2, "a")] == [x, (2, "a")]


@pytest.mark.parametrize("x", range(4))
def test_wrong(x):
    assert [x, {"a": 1}] == [x + 1, {"a": 2}]


def test_raises():
    with pytest.raises(ValueError, match="b"):
        raise ValueError("abc")
    raise ValueError("abc")
"""
_SPLIT = """from _genx_rehearsal import f


def test_right():
    for _ in range(8):
        assert f([1, 2]) == [1, 2, {1: (2.5, "a", None, True)}]


def test_wrong():
    assert f(3)
"""
_LIMITS = {"value_bytes": 65536, "value_depth": 24, "value_items": 5000, "text_bytes": 8192}


class _Silence:
    def send(self, *messages):
        for message in messages:
            frame(message)

    def close(self):
        pass

    def send_outcome(self, index, seconds, report):
        outcome_frame(index, seconds, report)


def rehearse(role):
    """What forks of a zygote will do, done once or more here."""
    if role == "values":
        _rehearse_calls()
    elif role in ("program", "test"):
        _rehearse_split()
    elif role == "items":
        _rehearse_items()


def _rehearse_calls():
    shared = {"limits": _LIMITS, "calls": [{"expression": line} for line in _CALLS] * 8}
    prepared = child.Prepared(shared, True)
    for _ in range(3):
        request = json.loads(json.dumps({"program": _PROGRAM, "first": 0}))
        child.serve_calls(_Silence(), request, prepared)
        _forget()


class _Alone(rpc.Line):
    """A line whose other end is in this process too, and answers when it is listened to."""

    def __init__(self, fd, other, module):
        super().__init__(fd)
        self._other = rpc.Line(other)
        self._desk = program.Desk(module, _LIMITS)
        self._asked = False

    def send(self, message):
        self._asked = True
        super().send(message)

    def receive(self):
        if not self._asked:
            return {"load_error": ""}
        self._asked = False
        asked = self._other.receive()
        self._other.send({**self._desk.answer(asked), "id": asked["id"]})
        return super().receive()


def _rehearse_split():
    file = {"path": "/_genx_rehearsal_test.py", "source": _SPLIT}
    prepared = child.PREPARED["test"]({"limits": _LIMITS, "file": file}, True)
    one, other = socket.socketpair()
    with one, other:
        module = loading.load(loading.install(_PROGRAM))
        _forget()
        line = _Alone(one.fileno(), other.fileno(), module)
        for _ in range(3):
            split.converse(_Silence(), line, {"program": _PROGRAM, "node_ids": []}, prepared)
            _forget()


def _rehearse_items():
    from . import items, reporting, warming

    folder = tempfile.mkdtemp()
    file = {"path": os.path.join(folder, "test_genx_rehearsal.py"), "source": _TESTS}
    prepared = child.PREPARED["items"]({"folder": folder, "limits": _LIMITS, "file": file}, True)
    reporter = reporting.Reporter()
    reporter.leaves = True
    with warming.at_home(), contextlib.suppress(Exception):
        prepared.settle()
        request = {"program": _PROGRAM, "node_ids": [], "canary": "genx_canary"}
        if items.begin(_Silence(), request, prepared, reporter):
            items.session(prepared, reporter)
    _forget()
    shutil.rmtree(folder, ignore_errors=True)
    importlib.invalidate_caches()


def _forget():
    ours = (loading.MemoryModule, split.Finder)
    sys.meta_path[:] = [f for f in sys.meta_path if type(f) not in ours]
    for name in ("_genx_rehearsal", "test_genx_rehearsal"):
        sys.modules.pop(name, None)
    for path in [p for p in linecache.cache if "genx_rehearsal" in p]:
        del linecache.cache[path]

"""The split grade's test side: runs test functions over a stand-in for the candidate's module.

Nothing of the candidate is in this process. Its module is a stand-in whose every attribute asks the
program's process; what comes back are builtin values made here, so no `__eq__` of the program is ever run.
Failing, skipping and passing are this process's to say.
"""

# ruff: noqa: B905 (zip's strict came with 3.10)
# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

import builtins
import contextlib
import importlib.abc
import importlib.machinery
import sys
import time
import types
from typing import Any

from . import calls, rpc
from .encoding import Encoder


class Refused(BaseException):
    """The test needs the program in its own process. No test can catch this by accident."""


class Gone(BaseException):
    """The program's process ended, or broke the rules of the line."""


class Tests:
    """A test file, compiled once for all programs of a run. Compiling runs nothing."""

    def __init__(self, file, compiled):
        self.path, self._source = file["path"], file["source"]
        self._code = None
        if compiled:
            with contextlib.suppress(Exception):
                self._code = self._compile()

    def _compile(self):
        return compile(self._source, self.path, "exec", dont_inherit=True)

    def run(self):
        """The names that the file defines."""
        scope = {"__name__": "genx_split_test", "__file__": self.path, "__builtins__": builtins}
        exec(self._code or self._compile(), scope)
        return scope


def serve(channel, fd, request, prepared):
    """Run the file's tests and send the frames of the items grade."""
    converse(channel, rpc.Line(fd), request, prepared)


def converse(channel, line, request, prepared):
    """The same over a line that stands."""
    try:
        loaded = line.receive()
        trouble = loaded.get("load_error") if type(loaded) is dict else "it did not answer"
    except rpc.Broken as error:
        trouble = "loading ended the process: %s" % error
    if trouble != "":
        channel.send({"end": str(trouble)})
        return
    sys.meta_path.insert(0, Finder(request["program"], _Remote(line, prepared.limits)))
    try:
        cases = list(_cases(prepared.tests.run(), request["node_ids"]))
    except (Refused, Gone) as error:
        channel.send({"end": str(error)})
        return
    except BaseException as error:
        channel.send({"end": calls.one_line(error)})
        return
    # Each message goes with the one before it, so that the parent wakes once a test.
    said: dict[str, Any] = {"items": [name for name, _, _ in cases]}
    for name, function, arguments in cases:
        channel.send(said, {"start": name})
        started = time.perf_counter()
        outcome, detail = _run(function, arguments)
        seconds = time.perf_counter() - started
        text = detail[: prepared.limits["text_bytes"]]
        said = {"item": name, "outcome": outcome, "detail": text, "seconds": seconds}
        if outcome == "crash":
            channel.send(said)
            return
    channel.send(said, {"end": ""})


def _run(function, arguments):
    try:
        if function(**arguments) is not None:
            return "failed", "the test returned something instead of asserting it"
    except Refused as error:
        return "refused", "needs the items grade: %s" % error
    except Gone as error:
        return "crash", str(error)
    except BaseException as error:
        return "failed", calls.one_line(error)
    return "passed", ""


def _cases(scope, wanted):
    """(node id, function, arguments): test functions, once for each set of parameters."""
    for name, function in list(scope.items()):
        if not name.startswith("test") or type(function) is not types.FunctionType:
            continue
        rows: list[tuple[dict[str, Any], list[str]]] = [({}, [])]
        # Decorators nearest to the function vary slowest in pytest, and come first here too.
        for mark in getattr(function, "pytestmark", []):
            if mark.name != "parametrize":
                raise Refused("the test is marked %s" % mark.name)
            rows = [_joined(row, added) for row in rows for added in _rows(*mark.args, **mark.kwargs)]
        for arguments, ids in rows:
            case = "%s[%s]" % (name, "-".join(ids)) if ids else name
            if not wanted or name in wanted or case in wanted:
                yield case, function, arguments


def _joined(row, added):
    return {**row[0], **added[0]}, [*row[1], *added[1]]


def _rows(names, values, ids=None, **more):
    if more or callable(ids):
        raise Refused("the test is parametrised in a way only pytest understands")
    keys = [n.strip() for n in names.split(",")] if type(names) is str else list(names)
    for index, value in enumerate(values):
        own = None
        if type(value).__name__ == "ParameterSet":
            if value.marks:
                raise Refused("one of the test's parameters is marked")
            value, own = value.values, value.id
        elif len(keys) == 1:
            value = (value,)
        text = own or (ids[index] if ids else None)
        yield dict(zip(keys, value)), [text or "-".join(_id(k, v, index) for k, v in zip(keys, value))]


def _id(key, value, index):
    if value is None or type(value) in (bool, int, float, complex):
        return str(value)
    if type(value) is str:
        return value.encode("unicode_escape").decode("ascii")
    return "%s%d" % (key, index)


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Whoever imports the candidate's name here gets the stand-in."""

    def __init__(self, program, remote):
        self._name, self._path, self._package = program["module"], program["path"], program["is_package"]
        self._remote = remote

    def find_spec(self, fullname, path=None, target=None):
        if fullname != self._name:
            return None
        spec = importlib.machinery.ModuleSpec(fullname, self, origin=self._path, is_package=self._package)
        if self._package:
            spec.submodule_search_locations = [self._path.rpartition("/")[0]]
        return spec

    def create_module(self, spec):
        return _Module(spec.name, self._remote)

    def exec_module(self, module):
        pass


class _Module(types.ModuleType):
    def __init__(self, name, remote):
        super().__init__(name)
        self.__dict__["_genx_remote"] = remote

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return self.__dict__["_genx_remote"].get(0, name, self.__name__)


class _Object:
    """An object that lives in the program's process: what it holds can be asked for, what it is cannot."""

    def __init__(self, remote, number, named):
        self.__dict__.update({"_genx": (remote, number, named)})

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        remote, number, named = self.__dict__["_genx"]
        return remote.get(number, name, named)

    def _refuse(self, *_):
        raise Refused("an object of type %s is used as a value" % self.__dict__["_genx"][2])

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __bool__ = __len__ = __iter__ = _refuse
    __getitem__ = __contains__ = __setattr__ = __hash__ = __call__ = __add__ = __enter__ = _refuse


class _Remote:
    """Asks the program's process, and makes values, functions and exceptions of the answers."""

    def __init__(self, line, limits):
        self._line = line
        self._encoder = Encoder(limits["value_bytes"], limits["value_depth"], limits["value_items"])
        self._stand_ins = {}

    def get(self, of, name, owner):
        """An attribute: a value, something to call, or a stand-in for an exception type."""
        reply = self._ask({"op": "get", "of": of, "name": name}, owner)
        kind = reply.get("kind")
        if kind == "class" and reply.get("failure") is True:
            return self._failure(str(reply["type"]).replace(":", "."), reply["bases"])
        if kind in ("class", "function"):
            return lambda *args, **named: self.call(of, name, args, named, owner)
        return self._made(reply)

    def call(self, of, name, args, named, owner):
        """Call it over there; arguments changed there are changed here."""
        given = [*args, *named.values()]
        nodes = [self._crossing(value) for value in given]
        message = {
            "op": "call",
            "of": of,
            "name": name,
            "arguments": nodes[: len(args)],
            "named": dict(zip(named, nodes[len(args) :])),
        }
        reply = self._ask(message, owner)
        made = self._made(reply)
        after = reply.get("after")
        if type(after) is list and len(after) == len(given):
            for value, old, new in zip(given, nodes, after):
                if new != old:
                    self._change(value, new)
        return made

    def _crossing(self, value):
        node = self._encoder.encode(value)
        try:
            rpc.plain(node)
        except (rpc.CannotCross, rpc.Broken):
            raise Refused("an argument of type %s" % type(value).__name__) from None
        return node

    def _change(self, value, node):
        try:
            fresh = rpc.plain(node)
        except rpc.CannotCross as error:
            raise Refused(str(error)) from None
        except rpc.Broken as error:
            raise Gone(str(error)) from None
        if type(value) is list and type(fresh) is list:
            value[:] = fresh
        elif type(value) is type(fresh) and type(value) in (dict, set):
            value.clear()
            value.update(fresh)
        elif type(value) is bytearray:
            value[:] = fresh

    def _ask(self, message, owner):
        try:
            reply = self._line.ask(message)
        except rpc.Broken as error:
            raise Gone(str(error)) from None
        if reply.get("kind") == "exception":
            raise self._exception(reply.get("raised"), message, owner)
        return reply

    def _made(self, reply):
        try:
            if reply.get("kind") == "object" and type(reply.get("number")) is int:
                return _Object(self, reply["number"], str(reply.get("type")))
            return rpc.plain(reply.get("value"))
        except rpc.CannotCross as error:
            raise Refused(str(error)) from None
        except rpc.Broken as error:
            raise Gone(str(error)) from None

    def _exception(self, raised, message, owner):
        try:
            named, bases, text = raised["type"], raised["bases"], raised["message"]
            if type(text) is not str or message["op"] == "get":
                raise TypeError(text)
            kind = self._failure(named, bases)
            error = kind.__new__(kind)
            error.args = (text,)
            return error
        except (TypeError, KeyError):
            if message["op"] == "get":
                return AttributeError("module %r has no attribute %r" % (owner, message["name"]))
            return Gone("the program sent what is no exception")

    def _failure(self, named, bases):
        """The exception type of that name: Python's own, one known here, or a stand-in for it."""
        if type(named) is not str or type(bases) is not list:
            raise TypeError(named)
        module, _, name = named.rpartition(".")
        if module in ("_pytest.outcomes", "unittest.case") or module.startswith(("genx_guest", "_pytest")):
            return RuntimeError
        if named not in self._stand_ins:
            home = sys.modules.get(module)
            known = None if type(home) is _Module else getattr(home, name, None)
            if not (isinstance(known, type) and issubclass(known, Exception)):
                parents = tuple(self._failure(b, []) for b in bases[:1] if b not in _ROOTS)
                known = type(name or "Failure", parents or (Exception,), {"__module__": module})
            self._stand_ins[named] = known
        return self._stand_ins[named]


_ROOTS = ("builtins.object", "builtins.BaseException", "builtins.Exception")

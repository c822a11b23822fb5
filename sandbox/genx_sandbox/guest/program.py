"""The split grade's program side: load the candidate, do what is asked, answer. It knows no test."""

# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

import inspect

from . import calls, loading, rpc
from .encoding import Encoder, type_name


def serve(fd, request, prepared):
    """Answer requests until the line is closed."""
    line = rpc.Line(fd)
    try:
        module = loading.load(loading.install(request["program"]))
    except BaseException as error:
        line.send({"load_error": calls.one_line(error)})
        return
    line.send({"load_error": ""})
    desk = Desk(module, prepared.limits)
    while True:
        try:
            asked = line.receive()
        except rpc.Broken:
            return
        line.send({**desk.answer(asked), "id": asked["id"]})


class Desk:
    """Looks names up and calls what they name. Objects stay here; the test gets a number for each."""

    def __init__(self, module, limits):
        self._held = [module]
        self._text_bytes = limits["text_bytes"]
        self._encoder = Encoder(limits["value_bytes"], limits["value_depth"], limits["value_items"])

    def answer(self, asked):
        """The reply to one request."""
        try:
            target = self._held[asked["of"]]
            if asked["name"]:
                target = getattr(target, asked["name"])
            if asked["op"] == "get":
                return self._told(target)
            return self._called(target, asked)
        except BaseException as error:
            return {"kind": "exception", "raised": calls.raised(error, self._text_bytes)}

    def _told(self, target):
        if isinstance(target, type):
            bases = [type_name(base).replace(":", ".") for base in target.__mro__[1:]]
            failure = issubclass(target, BaseException)
            return {"kind": "class", "type": type_name(target), "bases": bases, "failure": failure}
        if callable(target):
            return {"kind": "function"}
        return self._value(target)

    def _called(self, target, asked):
        given = [rpc.plain(node) for node in asked["arguments"]]
        named = {name: rpc.plain(node) for name, node in asked["named"].items()}
        result = target(*given, **named)
        if inspect.iscoroutine(result):
            import asyncio

            result = asyncio.run(result)
        reply = self._value(result)
        after = [self._encoder.encode(value) for value in (*given, *named.values())]
        # Nearly no call changes what it is given; what says nothing need not be told.
        if after != [*asked["arguments"], *asked["named"].values()]:
            reply["after"] = after
        return reply

    def _value(self, value):
        node = self._encoder.encode(value)
        if node[0] in ("object", "opaque") or (len(node) > 3 and node[0] not in ("iterator", "enum")):
            self._held.append(value)
            return {"kind": "object", "number": len(self._held) - 1, "type": type_name(type(value))}
        return {"kind": "value", "value": node}

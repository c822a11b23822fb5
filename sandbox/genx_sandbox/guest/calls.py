"""Evaluate calls one by one in the candidate's module and say what each did."""

# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

import ast
import os
import sys
import time
import types
from typing import Any

from .encoding import Encoder, type_name

_HERE = os.path.dirname(__file__)
_HOOK = "__genx_call__"
_IMMUTABLE = {int, float, complex, bool, str, bytes, type(None), range}
_ASYNC = (types.CoroutineType, types.AsyncGeneratorType)


class Evaluator:
    """Runs calls over one loaded module; `probe` is None or the line probes of the module."""

    def __init__(self, module, limits, probe=None):
        self._namespace = module.__dict__
        self._limits = limits
        self._probe = probe
        self._encoder = Encoder(limits["value_bytes"], limits["value_depth"], limits["value_items"])
        self._arguments: tuple[object, ...] = ()
        self._before: list[list[Any]] = []

    def run(self, call):
        """Seconds and the report on one call, as `prepare` made it: `{kind, ...}` in plain JSON types."""
        setup, expression, trouble = call
        if trouble:
            return 0.0, {"kind": "refused", "detail": "the call is not valid Python: %s" % trouble}
        scratch = dict(self._namespace)
        scratch[_HOOK] = self._call
        self._observe((), [])
        if self._probe is not None:
            self._probe.clear()
        report: dict[str, object]
        started = time.perf_counter()
        ready = False
        try:
            if setup is not None:
                exec(setup, scratch)
            ready = True
            result = eval(expression, scratch)
            if type(result) in _ASYNC:
                result = _run_async(result, self._limits["value_items"])
            report = {"kind": "value", "value": self._encoder.encode(result)}
        except BaseException as error:
            report = {"kind": "exception", "raised": raised(error, self._limits["text_bytes"])}
            if not ready:
                report["early"] = True
        seconds = time.perf_counter() - started
        if self._probe is not None:
            report["lines"] = self._probe.lines()
        if self._arguments:
            try:
                after = [self._encoder.encode(a) for a in self._arguments]
            except BaseException:
                after = self._before
            report["before"] = self._before
            if after != self._before:
                report["after"] = after
        return seconds, report

    def _observe(self, arguments, before):
        self._arguments, self._before = arguments, before

    def _call(self, function, /, *args, **kwargs):
        held = (*args, *kwargs.values()) if kwargs else args
        kinds = {*map(type, held)} - _IMMUTABLE
        # Iterators are not looked at: encoding them would consume them before the call does.
        if kinds and not any(hasattr(kind, "__next__") for kind in kinds):
            self._observe(held, [self._encoder.encode(a) for a in held])
        return function(*args, **kwargs)


def prepare(call):
    """`(setup, expression, trouble)`: code objects, or why there are none. Runs nothing."""
    try:
        return (*_compile(call), "")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return None, None, str(error) or type(error).__name__


def _compile(call):
    tree = ast.parse(call["expression"].strip(), "<call>", "eval")
    outer = tree.body
    if isinstance(outer, ast.Call):
        name = ast.copy_location(ast.Name(_HOOK, ast.Load()), outer)
        tree.body = ast.copy_location(ast.Call(name, [outer.func, *outer.args], outer.keywords), outer)
    setup = compile(call["setup"], "<setup>", "exec", dont_inherit=True) if call.get("setup") else None
    return setup, compile(tree, "<call>", "eval", dont_inherit=True)


def _run_async(result, cap):
    import asyncio

    async def drain(generator):
        taken = []
        async for element in generator:
            taken.append(element)
            if len(taken) > cap:
                break
        return taken

    return asyncio.run(result if type(result) is types.CoroutineType else drain(result))


def raised(error, text_bytes):
    """An exception as plain data: its type, its bases, its message cut to a size."""
    kind = type(error)
    mro = type.__dict__["__mro__"].__get__(kind)
    names = [type_name(c).replace(":", ".") for c in mro if c is not object]
    try:
        message = str(error)
    except BaseException:
        message = "(its message could not be read)"
    if type(message) is not str:
        message = str.__str__(message)
    return {"type": names[0], "bases": names[1:], "message": message[:text_bytes]}


def one_line(error):
    """An exception as the one line a person wants to see."""
    kind = type(error)
    if isinstance(error, SyntaxError):
        return "SyntaxError: %s (line %s)" % (error.msg, error.lineno)
    text = raised(error, 300)
    message = " ".join(text["message"].split())
    line = _line_in(error)
    where = " (line %d)" % line if line else ""
    return ("%s: %s%s" % (kind.__name__, message, where)) if message else kind.__name__ + where


def _line_in(error):
    """The last line of a file on disk or in memory, not of this guest, in the traceback."""
    trace, line = error.__traceback__, 0
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if name.startswith("/") and not name.startswith(_HERE) and not name.startswith(sys.base_prefix):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line

"""Whether the error that a call ends in is behaviour of the function, or an accident of a wrong call."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from genx_lsp.engine.job import Job
from genx_lsp.propose.keys import parse_definition
from genx_lsp.remembered import remembered
from genx_sandbox import Raised

ACCIDENTS = ("builtins.TypeError", "builtins.AttributeError", "builtins.NameError", "builtins.RecursionError")
"""Mostly accidents of a wrongly typed call, not behaviour that anyone relies on."""
_FIELD = re.compile(r"\{[^{}]*\}|%[-+0-9.]*[a-zA-Z]")


def is_meant(job: Job, raised: Raised) -> bool:
    """The function's own text, docstring included, names the error, or it is a class of the project's.

    What is mostly an accident is meant where a `raise` of the function makes just that message.
    """
    if raised.type_name in ACCIDENTS:
        return is_announced(job.target.source, raised)
    module, _, name = raised.type_name.rpartition(".")
    return name in job.target.source or job.holds_class(module, name)


def is_announced(source: str, raised: Raised) -> bool:
    """A `raise` in the function's text makes such an error, with such a message."""
    name = raised.type_name.rpartition(".")[2]
    return any(n == name and m.fullmatch(raised.message) for n, m in _announced(source))


@remembered(8)
def _announced(source: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Names and messages of what the function raises by itself, where its text shows them."""
    tree = parse_definition(source)
    return tuple(_raises(tree)) if tree is not None else ()


def _raises(tree: ast.AST) -> Iterator[tuple[str, re.Pattern[str]]]:
    texts: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            texts.setdefault(node.targets[0].id, []).append(node.value)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Raise) or node.exc is None:
            continue
        call = node.exc
        name = ast.unparse(call.func if isinstance(call, ast.Call) else call).rpartition(".")[2]
        given = call.args[:1] if isinstance(call, ast.Call) else []
        if not given:
            yield name, re.compile("")
        for argument in given:
            for text in texts.get(argument.id, []) if isinstance(argument, ast.Name) else [argument]:
                parts = _parts(text)
                # A message of nothing but what is put into it would fit any.
                if any(part.strip() for part in parts):
                    yield name, re.compile(".*".join(map(re.escape, parts)), re.DOTALL)


def _parts(message: ast.expr) -> list[str]:
    """What a message says of itself, apart at the places where something is put into it."""
    if isinstance(message, ast.Call) and isinstance(message.func, ast.Attribute):
        message = message.func.value if message.func.attr == "format" else message
    elif isinstance(message, ast.BinOp) and isinstance(message.op, ast.Mod):
        message = message.left
    elif isinstance(message, ast.BinOp) and isinstance(message.op, ast.Add):
        left, right = _parts(message.left) or ["", ""], _parts(message.right) or ["", ""]
        return [*left[:-1], left[-1] + right[0], *right[1:]]
    elif isinstance(message, ast.Constant) and isinstance(message.value, str):
        return [message.value]
    elif isinstance(message, ast.JoinedStr):
        parts = [""]
        for value in message.values:
            if isinstance(value, ast.Constant):
                parts[-1] += str(value.value)
            else:
                parts.append("")
        return parts
    if isinstance(message, ast.Constant) and isinstance(message.value, str):
        return _FIELD.split(message.value)
    return []

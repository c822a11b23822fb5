"""Calls that a module's docstrings show: how its objects are made, what its texts look like."""

from __future__ import annotations

import ast
import doctest

from genx_lsp.propose.keys import quiet_parse
from genx_lsp.remembered import remembered
from genx_lsp.source_text import shared_tree

_MOST = 200


def example_calls(source: str) -> tuple[ast.Call, ...]:
    """Calls in the doctest examples of a module's source, in order; none where it does not parse."""
    return tuple(call for call, _ in _examples(source))


@remembered(32)
def _examples(source: str) -> tuple[tuple[ast.Call, bool], ...]:
    """The calls, and whether the example that they stand in ends well."""
    if ">>>" not in source:
        return ()
    found: list[tuple[ast.Call, bool]] = []
    for node in ast.walk(shared_tree(source)):
        if not isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        text = ast.get_docstring(node) or ""
        if ">>>" not in text:
            continue
        try:
            examples = doctest.DocTestParser().get_examples(text)
        except ValueError:
            continue
        for example in examples:
            found += [(call, example.exc_msg is None) for call in _calls(example.source)]
    return tuple(found[:_MOST])


def _calls(source: str) -> list[ast.Call]:
    try:
        return [n for n in ast.walk(quiet_parse(source)) if isinstance(n, ast.Call)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def constructions(source: str, name: str) -> list[str]:
    """How the examples make an instance of a class, where literals are enough for it and it can be made."""
    last = name.rpartition(".")[2]
    texts = [
        ast.unparse(call).replace(ast.unparse(call.func), name, 1)
        for call, ends_well in _examples(source)
        if ends_well and ast.unparse(call.func).rpartition(".")[2] == last and _is_literal(call)
    ]
    return list(dict.fromkeys(texts))


def example_texts(source: str) -> list[str]:
    """Texts that the examples pass to anything, as source."""
    texts = [
        repr(argument.value)
        for call in example_calls(source)
        for argument in call.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str) and argument.value
    ]
    return list(dict.fromkeys(texts))


def _is_literal(call: ast.Call) -> bool:
    try:
        for argument in [*call.args, *(k.value for k in call.keywords)]:
            ast.literal_eval(argument)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return False
    return all(k.arg for k in call.keywords)

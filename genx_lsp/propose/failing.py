"""Functions that fail, for code that is passed one and says what it does then."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from genx_lsp.propose.expressions import Argument
from genx_lsp.propose.keys import parse_definition
from genx_lsp.propose.naming import BUILTINS, module_names
from genx_lsp.target import Parameter, Target

_SETUP = ("from unittest.mock import Mock",)


def failing_functions(parameter: Parameter, target: Target) -> list[Argument]:
    """For each error that is caught, one that always fails, and one that works the second time."""
    tree = parse_definition(target.source)
    known = module_names(target.module_source)
    found = []
    for kind in dict.fromkeys(_caught(tree, parameter.name) if tree is not None else ()):
        if kind.partition(".")[0] in known or kind in BUILTINS:
            error = f"{kind}('abc')"
            found += [f"Mock(side_effect={error})", f"Mock(side_effect=[{error}, 2])"]
    return [Argument(text, _SETUP) for text in found]


def _caught(tree: ast.AST, name: str) -> Iterator[str]:
    """Classes of errors for which there is a handler where a function of that name is called."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Try) or not any(_calls(part, name) for part in node.body):
            continue
        for handler in node.handlers:
            kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
            # What catches everything is given the most common error.
            yield from ("ValueError" if k is None else ast.unparse(k) for k in kinds)


def _calls(tree: ast.AST, name: str) -> bool:
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
        for node in ast.walk(tree)
    )

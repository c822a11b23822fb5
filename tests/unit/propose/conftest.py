"""Targets made by hand from a source text, so that these tests lean on nothing but the contract."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from genx_lsp.config import Settings
from genx_lsp.project import Project
from genx_lsp.propose.context import Context
from genx_lsp.target import Parameter, Target


def make_target(source: str, qualified_name: str, module: str = "shop.pricing") -> Target:
    source = dedent(source).lstrip("\n")
    body: list[ast.stmt] = ast.parse(source).body
    *classes, name = qualified_name.split(".")
    for part in classes:
        body = next(s.body for s in body if isinstance(s, ast.ClassDef) and s.name == part)
    node = next(s for s in body if isinstance(s, (ast.FunctionDef, ast.AsyncFunctionDef)) and s.name == name)
    decorators = [ast.unparse(d) for d in node.decorator_list]
    kind: Any = "function"
    if classes:
        kind = next((d for d in decorators if d in ("classmethod", "staticmethod", "property")), "method")
    parameters = _parameters(node.args)
    if classes and kind != "staticmethod":
        parameters = parameters[1:]
    return Target(
        path=Path("shop/pricing.py"),
        module=module,
        qualified_name=qualified_name,
        kind=kind,
        module_source=source,
        first_line=min([node.lineno, *(d.lineno for d in node.decorator_list)]),
        last_line=node.end_lineno or node.lineno,
        def_line=node.lineno,
        parameters=parameters,
        returns=ast.unparse(node.returns) if node.returns else "",
        docstring=ast.get_docstring(node) or "",
        is_async=isinstance(node, ast.AsyncFunctionDef),
    )


def _parameters(args: ast.arguments) -> tuple[Parameter, ...]:
    made: list[Parameter] = []
    positional = [*args.posonlyargs, *args.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(args.defaults)) + list(args.defaults)
    for index, (arg, default) in enumerate(zip(positional, defaults, strict=True)):
        kind: Any = "positional_only" if index < len(args.posonlyargs) else "positional_or_keyword"
        made.append(_parameter(arg, default, kind))
    if args.vararg:
        made.append(_parameter(args.vararg, None, "var_positional"))
    for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        made.append(_parameter(arg, default, "keyword_only"))
    if args.kwarg:
        made.append(_parameter(args.kwarg, None, "var_keyword"))
    return tuple(made)


def _parameter(arg: ast.arg, default: ast.expr | None, kind: Any) -> Parameter:
    return Parameter(
        arg.arg,
        ast.unparse(arg.annotation) if arg.annotation else "",
        ast.unparse(default) if default else "",
        kind,
    )


@pytest.fixture
def context() -> Callable[..., Context]:
    """`context(source, "f", settings=..., tests_text=...)`."""

    def make(source: str, qualified_name: str, **more: Any) -> Context:
        project = Project(Path("."), Path("python"), (Path("."),), None)
        more.setdefault("settings", Settings())
        return Context(target=make_target(source, qualified_name), project=project, **more)

    return make

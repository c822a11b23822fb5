"""Targets made by hand from a source text, so that these tests lean on nothing but the contract."""

from __future__ import annotations

import ast
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from genx_lsp.config import Settings
from genx_lsp.project import Project
from genx_lsp.propose.context import Context
from genx_lsp.target import Parameter, Target
from genx_models import Completion, Finish, Infill, ModelInfo, Prompt, Request, WorkerError


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


def make_context(source: str, qualified_name: str, **more: Any) -> Context:
    more.setdefault("settings", Settings())
    more.setdefault("project", Project(Path("."), Path("python"), (Path("."),), None))
    return Context(target=make_target(source, qualified_name), **more)


@pytest.fixture
def context() -> Callable[..., Context]:
    """`context(source, "f", settings=..., tests_text=...)`."""
    return make_context


@pytest.fixture(scope="session")
def context_of() -> Callable[..., Context]:
    """The same for tests that run on many examples."""
    return make_context


class ScriptedModel:
    """A `Generator` that answers from a script, and otherwise keeps the contract: stops, length, cancel."""

    def __init__(self, *answers: list[str], can_infill: bool = True) -> None:
        self.requests: list[Request] = []
        self._answers = list(answers)
        self._can_infill = can_infill

    def info(self) -> ModelInfo:
        return ModelInfo("scripted.gguf", "scripted", "none", 0, 4096, self._can_infill, True, 1, 0)

    def generate(self, request: Request, cancel: threading.Event | None = None) -> Iterator[Completion]:
        if isinstance(request.prompt, Infill) and not self._can_infill:
            raise WorkerError("This model cannot fill in the middle.")
        self.requests.append(request)
        answers = self._answers.pop(0) if self._answers else []
        # Samples end in any order; the last first is the least convenient one.
        for index in reversed(range(request.samples)):
            if cancel is not None and cancel.is_set():
                return
            if index < len(answers):
                yield self._completion(index, answers[index], request)

    def _completion(self, index: int, text: str, request: Request) -> Completion:
        ends = [text.find(stop) for stop in request.stop if stop in text]
        finish: Finish = "stop" if ends else "end"
        text = text[: min(ends)] if ends else text
        if len(text) > request.max_tokens * 4:
            text, finish = text[: request.max_tokens * 4], "length"
        return Completion(index, text, finish, tokens=len(text) // 4 + 1, logprob=-0.1 * (index + 1))

    def score(self, prompt: Prompt, continuations: list[str]) -> list[float]:
        return [-1.0 for _ in continuations]

    def close(self) -> None:
        pass


@pytest.fixture
def scripted() -> Callable[..., ScriptedModel]:
    return ScriptedModel

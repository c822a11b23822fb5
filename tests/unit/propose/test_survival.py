"""Whatever a file holds, the generators that need no model come to an end and give what parses."""

from __future__ import annotations

import ast
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genx_lsp.candidate import CallTest
from genx_lsp.propose import boundary, docstring_examples, infill, mutate, rewrite, user_tests
from genx_lsp.propose.holes import holes
from genx_sandbox import Raises

PIECES = st.sampled_from(
    [
        ">>> f(1)",
        "2",
        ">>> x = f(",
        "... 3)",
        "f(1) -> 2",
        "Returns (1 for f(",
        "f(((",
        "f('a') == [",
        "->",
        "raises",
        "Traceback (most recent call last):",
        "  ...",
        "ValueError: a(b",
        "\x0c",
        "é",
        "'''",
        "\\",
        ">>>f(1)",
        "    >>> f()",
        ">>> for i in range(2):",
        "...     f(i)",
        ">>> import os as f",
        ">>> f = 3",
        ">>> await f(1)",
        "<f at 0x1>",
    ]
)
ANNOTATIONS = st.sampled_from(
    [
        "",
        "int",
        "list['C']",
        "dict[",
        "Optional",
        "C",
        "C | None",
        "list[list[list[list[list[list[int]]]]]]",
        "'C'",
        "tuple[()]",
        "Literal[1, 'a']",
        "Callable[..., C]",
        "Missing",
        "x.y.Z",
        "type[C]",
        "list[1]",
        "'[[['",
        "*tuple[int]",
    ]
)


@given(docstring=st.lists(st.one_of(PIECES, st.text(max_size=12)), max_size=8).map("\n    ".join))
@settings(max_examples=150, deadline=None)
@pytest.mark.filterwarnings("ignore::SyntaxWarning")
def test_any_docstring(context_of, docstring: str) -> None:
    made = context_of(f"def f(n, m=1):\n    {docstring!r}\n    return n\n", "f")
    for test in docstring_examples.propose(made):
        assert isinstance(test, CallTest)
        ast.parse(test.expression, mode="eval")
        ast.parse(test.setup)
        assert test.expected_text or isinstance(test.expectation, Raises)


@given(one=ANNOTATIONS, two=ANNOTATIONS)
@settings(max_examples=150, deadline=None)
def test_any_annotation(context_of, one: str, two: str) -> None:
    source = (
        f"class C:\n    def __init__(self, c: {two!r}): ...\n    def f(self, a: {one!r}, *b: {two!r}): ...\n"
    )
    made = context_of(source, "C.f")
    calls = list(boundary.propose(made))
    assert bool(calls) is not bool(boundary.unguessable(made))
    for test in calls:
        ast.parse(test.expression, mode="eval")


TESTS = st.lists(
    st.sampled_from(
        [
            "x = f(1)",
            "assert x == 2",
            "assert f(1)",
            "assert not f(x) == g",
            "with pytest.raises(E): f(1)",
            "del x",
            "assert f(*a, **b) == (yield)",
            "for i in [1, 2]: assert f(i) == i",
            "while f(1): pass",
            "x += f(2)",
            "assert (f(1) == f(2)) is True",
            "return f(1)",
            "global x",
            "assert [f(i) for i in x] == []",
            "x, y = 1, 2",
            "with f(1) as x: assert x",
            "assert f(1) == pytest.approx(g())",
            "import os",
            "assert x.y[0](f(1)) == {1: f}",
        ]
    ),
    max_size=7,
)


@given(body=TESTS)
@settings(max_examples=150, deadline=None)
def test_any_test_body(context_of, body: list[str]) -> None:
    text = "import pytest\nfrom shop.pricing import f\n\ndef test_f():\n    pass\n" + "".join(
        f"    {line}\n" for line in body
    )
    made = context_of("def f(n): ...\n", "f", tests_text={"tests/test_f.py": text})
    for test in user_tests.propose(made):
        if isinstance(test, CallTest):
            ast.parse(test.expression, mode="eval")
            ast.parse(test.setup)


@pytest.mark.parametrize(
    "source", ["", "def f(:\n  pass\n", "class f: pass\n", "def f(): pass", "f = lambda: 1\n"]
)
def test_sources_without_a_usable_definition(context_of, source: str) -> None:
    made = context_of("def f(a):\n    return a\n", "f")
    made = replace(made, target=replace(made.target, module_source=source))
    for generator in (docstring_examples, boundary, user_tests, infill, mutate, rewrite):
        list(generator.propose(made))
    list(holes(made.target, {}, 3))

"""Python sources through discovery, mutation and emission: what goes in as valid comes out as valid."""

from __future__ import annotations

import ast
import random
import sysconfig
import warnings
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from hypothesis import strategies as st

from genx_lsp import discovery, emit
from genx_lsp.candidate import CallTest, TestOrigin
from genx_lsp.config import Settings
from genx_lsp.errors import EmitError, SourceError
from genx_lsp.findings import Evidence, TestSuggestion
from genx_lsp.project import Project
from genx_lsp.propose import mutate
from genx_lsp.propose.context import Context
from genx_lsp.source_text import normalise
from genx_lsp.target import Target
from genx_sandbox import Returns, Value

ROOT = Path("/nowhere/project")
PROJECT = Project(ROOT, Path("/usr/bin/python3"), (ROOT,), ROOT / "tests")
_PARSED_AT_MOST = 400_000
"""Characters of modules to go through for the targets of one, mutants not counted: ten targets of 40 kB."""
_VALUES = ("1", "-2.5", "'a\\n'", "[1, 2]", "{'k': (1,)}", "None", "b'\\xff'", "set()", "float('nan')")


def standard_library(seed: int = 1) -> Iterator[tuple[Path, str]]:
    """Its modules in an order that the seed decides; tests of broken syntax among them are passed over."""
    folder = Path(sysconfig.get_path("stdlib"))
    files = [f for f in sorted(folder.rglob("*.py")) if "site-packages" not in f.parts]
    random.Random(seed).shuffle(files)
    for file in files:
        try:
            text = discovery.decode(file).text
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                compile(text, str(file), "exec", dont_inherit=True)
        except (SourceError, SyntaxError, ValueError, RecursionError, OSError):
            continue
        yield file, text


# -- made-up modules -------------------------------------------------------------------------------

_names = st.sampled_from(["x", "value", "_", "é", "self", "cls", "match", "type", "longer_name"])
_expressions = st.recursive(
    st.sampled_from(
        ["0", "1", "-1", "2.5", "1j", "''", "'a'", "b'x'", "None", "True", "...", "x", "value", "[]", "{}",
         "()", "f'{x!r:>{value}}'", "lambda: 0", "lambda *a, **k: a", "'''two\nlines'''", "'\\N{BULLET}'",
         "1_000"]
    ),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(
            ["+", "-", "*", "/", "//", "%", "**", "<", "<=", "==", "!=", "in", "not in", "is", "and", "or"]
        ), inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        st.tuples(inner, inner, inner).map(lambda p: f"({p[0]} if {p[1]} else {p[2]})"),
        st.lists(inner, min_size=1, max_size=3).map(lambda p: f"[{', '.join(p)}]"),
        st.tuples(inner, inner).map(lambda p: f"{{{p[0]}: {p[1]}}}"),
        inner.map(lambda p: f"[y for y in {p} if y]"),
        inner.map(lambda p: f"(walrus := {p})"),
        st.tuples(inner, inner).map(lambda p: f"({p[0]})[{p[1]}:]"),
        inner.map(lambda p: f"len({p})"),
        inner.map(lambda p: f"not {p}"),
        inner.map(lambda p: f"print({p}, sep=';', *())"),
    ),
    max_leaves=6,
)  # fmt: skip
_comments = st.sampled_from(["", "", "  # why", "  # \u2014 dash"])


def _indented(block: str) -> str:
    """One level deeper; what stands inside a string of several lines must stay where it is."""
    return "\n".join(
        "    " + line if line and not line.startswith("lines") else line for line in block.split("\n")
    )


_statements = st.recursive(
    st.one_of(
        st.tuples(_names, _expressions, _comments).map(lambda p: f"{p[0]} = {p[1]}{p[2]}"),
        _expressions.map(lambda e: f"return {e}"),
        _expressions.map(lambda e: f"x += {e}"),
        st.sampled_from(["pass", "x = 1; value = 2", "del x", "assert x, 'no'", "raise x from None"]),
    ),
    lambda inner: st.one_of(
        st.tuples(_expressions, inner, inner).map(
            lambda p: f"if {p[0]}:\n{_indented(p[1])}\nelif x:\n{_indented(p[2])}\nelse:\n    pass"
        ),
        st.tuples(_expressions, inner).map(lambda p: f"for y in {p[0]}:\n{_indented(p[1])}"),
        st.tuples(_expressions, inner).map(lambda p: f"while {p[0]}:\n{_indented(p[1])}\n    break"),
        st.tuples(inner, inner).map(
            lambda p: f"try:\n{_indented(p[0])}\nexcept (ValueError, KeyError) as e:\n{_indented(p[1])}"
        ),
        st.tuples(_expressions, inner).map(lambda p: f"with open({p[0]}) as y, y:\n{_indented(p[1])}"),
        st.tuples(inner, inner).map(lambda p: f"{p[0]}\n{p[1]}"),
        inner.map(lambda p: f"def inner(a, /, b=1, *c, d: int = 2, **e) -> 'int':\n{_indented(p)}"),
    ),
    max_leaves=5,
)  # fmt: skip
_heads = st.sampled_from(
    ["def f(x, value=1):", "def f(x: 'list[int]', /, *, value: dict[str, int] | None = None) -> int:",
     "async def f(x, *value):", "@staticmethod\n# between\ndef f(x, value): # note",
     "def f(\n    x,\n    value,\n):"]
)  # fmt: skip
_docstrings = st.sampled_from(
    ["", '"""One line."""', '"""Many.\n\n    >>> f(1)\n    1\n    """', "r'''raw \\d'''", "'''\u00e9'''"]
)
functions = st.tuples(_heads, _docstrings, _statements).map(
    lambda p: (
        p[0]
        + ("\n" + _indented(p[1]).replace("\n        ", "\n    ") if p[1] else "")
        + "\n"
        + _indented(p[2])
    )
)
modules = st.tuples(
    st.lists(functions | functions.map(lambda f: "class C:\n" + _indented(f)), min_size=1, max_size=3),
    st.sampled_from(
        ["", "# -*- coding: utf-8 -*-\n", "\ufeff", "from __future__ import annotations\n", "\n\n"]
    ),
    st.sampled_from(["\n", "\r\n", "\n\n"]),
    st.booleans(),
).map(lambda p: (p[1] + "\n\n".join(p[0]) + ("\n" if p[3] else "")).replace("\n", p[2]))


# -- what must hold --------------------------------------------------------------------------------


def valid(source: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(source.lstrip("\ufeff"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def check_module(path: Path, source: str, most_mutants: int = 20, most_targets: int = 1_000) -> int:
    """Run a valid module through everything; how many sources came out. Raises AssertionError."""
    targets = discovery.find_targets(path, source, PROJECT)
    # From all over the module: each of a target's sources is parsed with all of the module around it.
    most = max(1, min(most_targets, _PARSED_AT_MOST // max(1, len(source))))
    made = 0
    for target in targets[:: max(1, -(-len(targets) // most))]:
        made += 1 + check_target(target, most_mutants)
    return made


def check_target(target: Target, most_mutants: int) -> int:
    """A target put back is the module as it was; each mutant and each emitted file parses."""
    assert target.with_definition(target.source) == target.module_source, "put back, it is another module"
    made = 0
    context = Context(target=target, project=PROJECT, settings=Settings())
    for mutant in islice(mutate.mutants(context), most_mutants):
        module = target.with_definition(mutant.source)
        assert valid(module), f"{mutant.note}: no longer Python"
        edited = emit.apply_edits(target.module_source, emit.fix_edits(target, mutant))
        # Most edits make the very same text, and parsing and dumping a module is what takes the time here.
        if edited != module:
            assert valid(edited), f"{mutant.note}: the edit makes no Python"
            assert _tree(edited) == _tree(module), f"{mutant.note}: the edit makes another program"
        made += 1
    if not target.out_of_reach and "<" not in target.qualified_name:
        made += check_tests(target)
    return made


def check_tests(target: Target) -> int:
    """A test file for made-up calls parses, and so does the same file with one more test."""
    suggestions = tuple(_suggestion(target, number) for number in range(3))
    text: str | None = None
    made = 0
    for _ in range(2):
        try:
            plan = emit.plan_tests(target, PROJECT, Settings(), suggestions[: made + 1], text)
        except (EmitError, SourceError):
            return made
        if plan is None:
            return made
        assert valid(plan.new_text), "the test file is no Python"
        text = plan.new_text
        made += 1
    return made


def _suggestion(target: Target, number: int) -> TestSuggestion:
    dice = random.Random(f"{target.qualified_name} {number}")
    given = [dice.choice(_VALUES) for p in target.parameters if p.kind == "positional_or_keyword"]
    call = f"{target.qualified_name}({', '.join(given)})"
    expected = Returns(Value.of(ast.literal_eval(dice.choice(_VALUES[:7]))))
    test = CallTest(f"key{number}", call, expected, TestOrigin.BOUNDARY)
    return TestSuggestion(
        f"id{number}", test, "observation", call, Evidence(passed=1, current_passed=1, tests=1, score=1.0)
    )


def _tree(source: str) -> str:
    return ast.dump(ast.parse(normalise(source).lstrip("\ufeff")))

"""What became of tests that were written into a file: still there, edited since, or gone."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from genx_lsp.source_text import split_lines

Fate = Literal["accepted", "edited", "undone"]
_PYTEST = frozenset({"raises", "approx", "param", "parametrize"})


@dataclass(frozen=True)
class WrittenTest:
    """One test function that was written, and the suggestions that stand in it."""

    path: Path
    name: str
    """`test_a`, or `TestB::test_a` in a class."""
    text: str
    suggestions: tuple[str, ...]


def functions_in(source: str) -> dict[str, str] | None:
    """Source of every test function of a file by name, decorators included; None where it does not parse."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return None
    lines = split_lines(source)
    found: dict[str, str] = {}
    for prefix, body in [
        ("", tree.body),
        *((f"{n.name}::", n.body) for n in tree.body if isinstance(n, ast.ClassDef)),
    ]:
        for node in body:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
                found[prefix + node.name] = "".join(lines[first - 1 : node.end_lineno])
    return found


def fate(name: str, text: str, now: Mapping[str, str], others: Collection[str] = ()) -> tuple[Fate, str]:
    """What became of one test, and its text where it was edited.

    Layout and comments are no edit. One that was only given another name is still there. One that was changed
    and given another name, or a table that was taken apart, is known by what it calls and with which values;
    `others` are names of tests that are known to be something else.
    """
    here = now.get(name)
    if here is not None:
        return ("accepted", "") if _shape(here) == _shape(text) else ("edited", here)
    wanted = _shape(text)
    if any(_shape(other) == wanted for other in now.values()):
        return "accepted", ""
    kin = [other for known, other in now.items() if known not in others and _is_of(other, text)]
    return ("edited", "\n\n".join(kin)) if kin else ("undone", "")


def _is_of(other: str, text: str) -> bool:
    """Whether a test does some of what another did, and nothing else."""
    (theirs, values), (ours, known) = _does(other), _does(text)
    return bool(theirs) and theirs <= ours and values <= known and bool(values or not known)


def _does(text: str) -> tuple[set[str], Counter[str]]:
    """What a test calls, pytest aside, and the values that stand in it."""
    tree = _parsed(text)
    if tree is None:
        return set(), Counter()
    calls = {
        ast.unparse(node.func).rpartition(".")[2] for node in ast.walk(tree) if isinstance(node, ast.Call)
    }
    values = Counter(repr(node.value) for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return calls - _PYTEST, values


def _shape(text: str) -> str:
    """The function without its name, as a string that equal functions share."""
    node = _parsed(text)
    if node is None:
        return text
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        node.name = ""
    return ast.dump(node)


def _parsed(text: str) -> ast.stmt | None:
    """One function, at whatever indentation."""
    indent = len(text) - len(text.lstrip(" \t"))
    try:
        tree = ast.parse(text if not indent else "if True:\n" + text)
    except (SyntaxError, ValueError, RecursionError):
        return None
    if not tree.body:
        return None
    return tree.body[0].body[0] if isinstance(tree.body[0], ast.If) else tree.body[0]

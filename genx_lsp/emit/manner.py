"""How the people of a project spell calls and name tests, so that the next one reads as theirs.

What stands in the test files counts: also what was suggested once, and changed by hand before it was kept.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from genx_lsp.emit.cases import Argument
from genx_lsp.target import Target

JOINTS = ("__", "_when_", "_with_", "_for_", "_given_", "_if_", "_on_")
"""What may stand between a function's name and the case in a test's name, beside the plain underscore."""
_FEWEST = 3
"""Fewer of a kind are chance: nothing is made of them."""
_RESULTS = ("is ", "gives ", "raises ", "changes ", "returns ")
_TRANSPARENT = frozenset(
    {"staticmethod", "classmethod", "cache", "functools.cache", "lru_cache", "functools.lru_cache"}
)
"""Decorators under which a function takes its arguments as its `def` says. Others may take none by name."""


@dataclass(frozen=True)
class Manner:
    """What most of the tests do."""

    by_name: bool = False
    """`f(width=1, height=2)`."""
    one_by_name: bool = False
    """`f(width=1)`, where there is but one argument."""
    joint: str = "_"
    """`test_shorten__empty_text` has two underscores."""
    apart: bool = False
    """Each case is a test of its own, however alike they are."""

    def before(self, phrase: str) -> str:
        """What stands between a function's name and `empty text`."""
        # A word stands before what is given only: nobody writes `test_f_when_is_true`.
        return "_" if self.word and phrase.startswith(_RESULTS) else self.joint

    @property
    def word(self) -> str:
        """The joint's word, if it is one."""
        return self.joint.strip("_")

    def arguments(self, given: tuple[Argument, ...], target: Target) -> tuple[Argument, ...]:
        """The arguments of a call of the target, named where the manner is to name them."""
        if not (self.by_name if len(given) > 1 else self.one_by_name) or not _takes_names(target):
            return given
        kinds = {p.name: p.kind for p in target.parameters}
        if any(a.name not in kinds for a in given):
            return given
        return tuple(replace(a, keyword=a.keyword or kinds[a.name] != "positional_only") for a in given)


def manner(trees: Sequence[tuple[ast.Module, frozenset[str]]]) -> Manner | None:
    """The manner of test files, each given with the names in it that stand for functions of the project.

    None where they hold too little to tell.
    """
    several: Counter[bool] = Counter()
    one: Counter[bool] = Counter()
    joints: Counter[str] = Counter()
    tables = rows_apart = 0
    for tree, names in trees:
        alike: Counter[str] = Counter()
        for function in _tests(tree):
            tables += "parametrize" in "".join(map(ast.dump, function.decorator_list))
            calls = list(_calls(function, names))
            for call in calls:
                (several if len(call.args) + len(call.keywords) > 1 else one)[not call.args] += 1
            joints.update(_joint(function.name, names))
            if not function.decorator_list and len(function.body) == 1 and len(calls) == 1:
                alike[ast.unparse(calls[0].func)] += 1
        rows_apart += sum(1 for count in alike.values() if count >= _FEWEST)
    if several.total() + one.total() < _FEWEST:
        return None
    by_name, one_by_name = _most(several), _most(one)
    joint, seen = joints.most_common(1)[0] if joints else ("_", 0)
    return Manner(
        # Who names even a single argument names several.
        by_name=by_name or (one_by_name and not several),
        one_by_name=one_by_name,
        joint=joint if seen >= _FEWEST and 2 * seen > joints.total() else "_",
        apart=rows_apart > 0 and not tables,
    )


def _takes_names(target: Target) -> bool:
    if any(p.kind == "var_positional" for p in target.parameters):
        return False
    lines = "".join(target.source.splitlines(keepends=True)[: target.def_line - target.first_line])
    decorators = re.findall(r"^\s*@([\w.]+)", lines, re.MULTILINE)
    return lines.count("@") == len(decorators) and set(decorators) <= _TRANSPARENT


def _most(counts: Counter[bool]) -> bool:
    return counts[True] >= _FEWEST and counts[True] > counts[False]


def _tests(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
            yield node


def _calls(function: ast.AST, names: frozenset[str]) -> Iterator[ast.Call]:
    """Calls with arguments of the project's functions; of classes not, whose fields are named anyway."""
    for node in ast.walk(function):
        if not isinstance(node, ast.Call) or not (node.args or node.keywords):
            continue
        last = ast.unparse(node.func).rpartition(".")[2]
        starred = any(isinstance(a, ast.Starred) for a in node.args) or any(not k.arg for k in node.keywords)
        if ast.unparse(node.func) in names and not last[:1].isupper() and not starred:
            yield node


def _joint(test: str, names: frozenset[str]) -> Iterator[str]:
    """What stands between the name of a function of the project and the rest of a test's name."""
    stems = {name.rpartition(".")[2].strip("_") for name in names} - {""}
    stem = max((s for s in stems if test.startswith(f"test_{s}_")), key=len, default="")
    if stem:
        rest = test.removeprefix(f"test_{stem}")
        if not rest.replace("_", " ").strip().startswith(tuple(r.strip() for r in _RESULTS)):
            yield next((joint for joint in JOINTS if rest.startswith(joint)), "_")
        elif rest.startswith("__"):
            yield "__"

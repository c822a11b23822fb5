"""Properties of a function beside its inverse, and of a function done twice.

`decode(encode("ab"))` gives "ab" again, and what `encode` makes is what `decode` is there to read: texts with
a grammar that nobody would make up. `Point.from_dict(point.to_dict()) == point` says of objects what no
literal says. `normalise(normalise("A b")) == normalise("A b")` holds where the first time is enough.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from genx_lsp.candidate import CallTest, TestOrigin
from genx_lsp.discovery import function_beside
from genx_lsp.propose.arguments import pools
from genx_lsp.propose.builder import Builder
from genx_lsp.propose.context import Context
from genx_lsp.propose.expressions import Argument
from genx_lsp.propose.keys import normal_expression
from genx_lsp.propose.script import make_test
from genx_lsp.propose.views import view_of
from genx_lsp.target import Target

_THERE = 8
"""Values sent there and back each way."""
_TWICE = 4
_NUMBERS = ("int", "float", "complex", "bool")
"""A number worked out of another is rarely meant to be put in again."""
_OPPOSITES = (
    ("encode", "decode"), ("dump", "load"), ("dumps", "loads"), ("pack", "unpack"), ("to", "from"),
    ("as", "from"), ("serialize", "deserialize"), ("serialise", "deserialise"), ("split", "join"),
    ("compress", "decompress"), ("escape", "unescape"), ("quote", "unquote"), ("format", "parse"),
    ("unparse", "parse"), ("render", "parse"), ("marshal", "unmarshal"), ("encrypt", "decrypt"),
    ("flatten", "unflatten"), ("wrap", "unwrap"), ("increment", "decrement"), ("singularize", "pluralize"),
)  # fmt: skip
_TURNED = re.compile(r"(?P<one>.+?)(?P<to>_to_|_2_|2)(?P<other>.+)")


def propose(context: Context) -> Iterator[CallTest]:
    """Yield calls whose outcome is unknown yet; comparisons among them are claims, worth nothing if not true.

    None for what is async or a generator.
    """
    target = context.target
    if target.is_async or target.is_generator:
        return
    made = _objects(context) if target.class_name else _values(context)
    seen = {normal_expression(known) for known in context.known_calls}
    for value in made:
        if context.cancel.is_set():
            return
        text = normal_expression(value.text)
        if text not in seen:
            seen.add(text)
            setup = "\n".join(dict.fromkeys(value.setup))
            yield make_test((text, setup), origin=TestOrigin.BOUNDARY)


def inverses(name: str) -> list[str]:
    """Names that the opposite of a function may have: `from_roman` for `to_roman`, `b_to_a` for `a_to_b`."""
    words = name.split("_")
    found = [
        "_".join([*words[:i], opposite, *words[i + 1 :]])
        for i, word in enumerate(words)
        for one, other in _OPPOSITES
        for here, opposite in ((one, other), (other, one))
        if word == here
    ]
    turned = _TURNED.fullmatch(name)
    if turned is not None:
        found.append(f"{turned['other']}{turned['to']}{turned['one']}")
    if name.startswith("un"):
        found.append(name[2:])
    return [*found, f"un{name}", f"de{name}"]


def _values(context: Context) -> Iterator[Argument]:
    """Of a function of its module."""
    target = context.target
    if not _takes_one(target):
        return
    tree = view_of(target, context.project).tree
    functions = {s.name: s for s in tree.body if isinstance(s, ast.FunctionDef)}
    for name in inverses(target.name):
        node = functions.get(name)
        other = function_beside(node, target) if node is not None else None
        if other is not None and _takes_one(other):
            for value in _given(context, other):
                yield Argument(f"{target.name}({other.name}({value.text}))", value.setup)
            for value in _given(context, target):
                yield Argument(f"{other.name}({target.name}({value.text}))", value.setup)
    if target.returns and target.parameters[0].annotation == target.returns not in _NUMBERS:
        for value in islice(_given(context, target), _TWICE):
            once = f"{target.name}({value.text})"
            yield Argument(f"{target.name}({once}) == {once}", value.setup)


def _objects(context: Context) -> Iterator[Argument]:
    """Of a class that can be written to something and read from it again."""
    target = context.target
    view = view_of(target, context.project)
    node = view.find_class(target.class_name)
    if node is None:
        return
    methods = {s.name: s for s in node.body if isinstance(s, ast.FunctionDef)}
    for name in inverses(target.name):
        if name not in methods or target.name not in methods:
            continue
        there, back = (name, target.name) if _makes(methods[target.name]) else (target.name, name)
        if not _makes(methods[back]) or _makes(methods[there]) or _required(methods[there]):
            continue
        if _required(methods[back]) != 1:
            continue
        for owner in Builder(view).instances(target.class_name)[:_THERE]:
            text = f"{target.class_name}.{back}({owner.text}.{there}()) == {owner.text}"
            yield Argument(text, owner.setup)


def _given(context: Context, target: Target) -> Iterator[Argument]:
    pool = pools(replace(context, target=target))[0]
    return islice((value for value in pool.values if value.text), _THERE)


def _takes_one(target: Target) -> bool:
    """It can be called with one positional argument, and needs it."""
    first, *rest = target.parameters or (None,)
    plain = first is not None and first.kind in ("positional_only", "positional_or_keyword")
    return plain and all(p.default or p.kind in ("var_positional", "var_keyword") for p in rest)


def _makes(method: ast.FunctionDef) -> bool:
    """It is called on the class, and so may make an object of it."""
    return any(ast.unparse(d) in ("classmethod", "staticmethod") for d in method.decorator_list)


def _required(method: ast.FunctionDef) -> int:
    """Arguments that a call has to give; a staticmethod has no first one of its own."""
    static = any(ast.unparse(d) == "staticmethod" for d in method.decorator_list)
    given = len(method.args.posonlyargs) + len(method.args.args) - (not static)
    return given - len(method.args.defaults) + sum(d is None for d in method.args.kw_defaults)

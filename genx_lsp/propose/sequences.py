"""Calls of methods in a row: what a method changes shows in what others then say of the object.

`stack = Stack(2)`, `stack.push(7)`, and then `len(stack)`. For a method that changes its object, other
members are asked afterwards; for one that tells of it, the object is changed before.
"""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, product

from genx_lsp.candidate import TestCandidate, TestOrigin
from genx_lsp.discovery import parameters_of
from genx_lsp.propose.arguments import pools, receivers
from genx_lsp.propose.boundary import argument_list
from genx_lsp.propose.context import Context
from genx_lsp.propose.expressions import Argument
from genx_lsp.propose.idioms import CHANGING, spoken
from genx_lsp.propose.keys import normal_expression
from genx_lsp.propose.naming import module_names
from genx_lsp.propose.pairwise import rows
from genx_lsp.propose.script import make_test
from genx_lsp.propose.views import view_of
from genx_lsp.target import Target

_MOST = 60
"""Sequences a method."""
_OWNERS = 3
_CHANGES = 4
"""Other methods that change the object, tried before the one under work."""
_ROWS = 4
"""Sets of arguments of a method under work; of another, half as many."""
_ASKED = 5
"""Members that are asked what has become of the object."""
_ASKED_WITH = ("__getitem__", "__contains__")
_TELLING = ("__len__", "__iter__", "__str__", "__repr__", "__bool__")


@dataclass(frozen=True)
class _Call(Argument):
    """A call of a method, and what it passes for which parameter."""

    passed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Member:
    """A method of the class, with what the target of that method would be."""

    node: ast.FunctionDef
    changes: bool
    """It stores into the object."""
    tells: bool
    """It gives something back, and can be asked without arguments."""


def propose(context: Context) -> Iterator[TestCandidate]:
    """Yield calls with the calls before them as their setup; none for what is no method of an object."""
    target = context.target
    if target.kind not in ("method", "property") or not target.class_name or target.is_async:
        return
    node = view_of(target, context.project).find_class(target.class_name)
    owners = receivers(context)
    if node is None or owners is None:
        return
    members = {m.node.name: m for m in _members(node)}
    own = members.get(target.name)
    given = _asked_with(node, target)
    built = [o for o in owners.values if "(" in o.text][:_OWNERS]
    if own is None or not built:
        return
    name = _variable(target)
    asked = list(_asked(node, members, name, but=target.name))[:_ASKED]
    seen: set[tuple[str, str]] = set()
    for call, setup in islice(_sequences(context, own, members, built, name, asked, given), _MOST):
        if context.cancel.is_set():
            return
        if (call, setup) not in seen:
            seen.add((call, setup))
            yield make_test((call, setup), origin=TestOrigin.BOUNDARY)


def _sequences(
    context: Context,
    own: _Member,
    members: dict[str, _Member],
    built: Sequence[Argument],
    name: str,
    asked: Sequence[str],
    given: Sequence[tuple[str, str]],
) -> Iterator[tuple[str, str]]:
    """Expression and setup, the shortest sequences first.

    `given`: members that are asked with what the method under work was given, and the name of that parameter.
    """
    target = context.target
    mine = list(islice(_calls(context, target, name), _ROWS))
    if own.changes:
        for owner, call in product(built, mine):
            values = ((member, call.passed.get(parameter, "")) for member, parameter in given)
            again = (spoken(m, name, [v]) or f"{name}.{m}({v})" for m, v in values if v)
            for question in (*again, *asked):
                yield question, _script(owner, name, [call])
    others = [m for m in members.values() if m.changes and m.node.name not in (target.name, "__init__")]
    for member in others[:_CHANGES]:
        other = _as_target(member.node, target)
        for owner, before in product(built, islice(_calls(context, other, name), _ROWS // 2)):
            for call in mine:
                yield call.text, _script(owner, name, [before], call.setup)
                if own.changes:
                    for question in asked[:2]:
                        yield question, _script(owner, name, [before, call])
    if own.changes:
        for owner, (first, second) in product(built, product(mine, mine)):
            yield second.text, _script(owner, name, [first], second.setup)
            for question in asked[:2]:
                yield question, _script(owner, name, [first, second])


def _script(owner: Argument, name: str, calls: Sequence[Argument], more: tuple[str, ...] = ()) -> str:
    imports = dict.fromkeys((*owner.setup, *(s for call in calls for s in call.setup), *more))
    return "\n".join([*imports, f"{name} = {owner.text}", *(call.text for call in calls)])


def _calls(context: Context, target: Target, name: str) -> Iterator[_Call]:
    """The method called on the variable, typical arguments first."""
    if target.kind == "property":
        yield _Call(f"{name}.{target.name}")
        return
    columns = pools(replace(context, target=target))
    if any(not pool.values for pool in columns):
        return
    for row in rows([len(pool.values) for pool in columns]):
        chosen = [(pool, pool.values[index]) for pool, index in zip(columns, row, strict=True)]
        given = [value.text for _, value in chosen if value.text]
        text = spoken(target.name, name, given)
        text = text or f"{name}.{target.name}({argument_list([(p, v.text) for p, v in chosen])})"
        passed = {pool.parameter.name: value.text for pool, value in chosen}
        yield _Call(normal_expression(text), tuple(s for _, v in chosen for s in v.setup), passed)


def _members(node: ast.ClassDef) -> Iterator[_Member]:
    for method in node.body:
        if not isinstance(method, ast.FunctionDef) or not method.args.args:
            continue
        decorators = {ast.unparse(d).rpartition(".")[2] for d in method.decorator_list}
        if decorators & {"staticmethod", "classmethod", "setter", "deleter", "overload", "abstractmethod"}:
            continue
        own = method.args.args[0].arg
        required = len(method.args.args) - 1 - len(method.args.defaults)
        alone = required <= 0 and all(d is not None for d in method.args.kw_defaults)
        returns = any(isinstance(n, ast.Return) and n.value is not None for n in ast.walk(method))
        yields = any(isinstance(n, (ast.Yield, ast.YieldFrom)) for n in ast.walk(method))
        yield _Member(method, _changes(method, own), alone and returns and not yields)


def _changes(method: ast.FunctionDef, own: str) -> bool:
    """It assigns to the object or to what hangs from it, or calls what changes such a part."""
    for node in ast.walk(method):
        if isinstance(node, (ast.Attribute, ast.Subscript)) and isinstance(node.ctx, (ast.Store, ast.Del)):
            if _root(node) == own:
                return True
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            holder = node.func.value
            if node.func.attr in CHANGING and not isinstance(holder, ast.Name) and _root(holder) == own:
                return True
    return False


def _root(node: ast.expr) -> str:
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _asked(node: ast.ClassDef, members: dict[str, _Member], name: str, but: str) -> Iterator[str]:
    """Expressions that say what an object is like now; private members are nobody's business."""
    for special in _TELLING:
        if special in members and special != but and not (special == "__repr__" and "__str__" in members):
            yield spoken(special, name, ())
    for member in members.values():
        method = member.node
        if method.name.startswith("_") or method.name == but or member.changes or not member.tells:
            continue
        is_property = any(ast.unparse(d).endswith("property") for d in method.decorator_list)
        yield f"{name}.{method.name}" if is_property else f"{name}.{method.name}()"
    for attribute in _attributes(node):
        yield f"{name}.{attribute}"


def _asked_with(node: ast.ClassDef, target: Target) -> list[tuple[str, str]]:
    """Members that take one argument and have the parameter of the target's that is named alike: what was put
    under a key is asked for by that key."""
    names = {parameter.name for parameter in target.parameters}
    found = []
    for member in _members(node):
        arguments = member.node.args
        required = len(arguments.args) - 1 - len(arguments.defaults)
        if required == 1 and member.node.name != target.name and _gives(member.node):
            parameter = arguments.args[1].arg
            is_special = member.node.name.startswith("_")
            if parameter in names and (not is_special or member.node.name in _ASKED_WITH):
                found.append((member.node.name, parameter))
    return found[:_ASKED]


def _gives(method: ast.FunctionDef) -> bool:
    return any(isinstance(n, ast.Return) and n.value is not None for n in ast.walk(method))


def _attributes(node: ast.ClassDef) -> list[str]:
    """Public attributes: fields of the class body and what the constructor stores."""
    found = [
        s.target.id for s in node.body if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name)
    ]
    for method in node.body:
        if isinstance(method, ast.FunctionDef) and method.name == "__init__" and method.args.args:
            own = method.args.args[0].arg
            found += [
                n.attr
                for n in ast.walk(method)
                if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store) and _root(n) == own
            ]
    return [name for name in dict.fromkeys(found) if not name.startswith("_")]


def _as_target(method: ast.FunctionDef, target: Target) -> Target:
    """Another method of the target's class, as far as making arguments for it goes."""
    first = min([method.lineno, *(d.lineno for d in method.decorator_list)])
    return replace(
        target,
        qualified_name=f"{target.class_name}.{method.name}",
        kind="method",
        first_line=first,
        last_line=method.end_lineno or method.lineno,
        def_line=method.lineno,
        parameters=parameters_of(method, "method"),
        docstring=ast.get_docstring(method) or "",
        ast_hash="",
    )


def _variable(target: Target) -> str:
    """`ShoppingCart` is called `shopping_cart`, `_Errors` `errors`; no name that the module has already."""
    last = target.class_name.rpartition(".")[2].strip("_")
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", last).lower()
    taken = not name.isidentifier() or keyword.iskeyword(name)
    return f"{name}_" if taken or name in module_names(target.module_source) else name

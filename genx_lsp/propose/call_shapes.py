"""How a target is called, in the words of the test model's grammar."""

from __future__ import annotations

import ast
import re

from genx_lsp.propose.context import Context
from genx_lsp.propose.fields import constructor_parameters
from genx_lsp.propose.guessing import guess_annotation
from genx_lsp.propose.keys import parse_expression
from genx_lsp.propose.views import view_of
from genx_lsp.target import Parameter, Target
from genx_models.grammars import Call, Slot

_LITERAL_TYPES = frozenset(
    {"int", "float", "str", "bool", "bytes", "None", "object", "Any", "Text", "Literal", "Annotated"}
    | {"list", "dict", "set", "tuple", "List", "Dict", "Set", "Tuple", "Optional", "Union", "typing", "t"}
    | {"Sequence", "Iterable", "Collection", "Mapping", "MutableSequence", "MutableMapping"}
)


def grammar_chain(context: Context) -> list[Call] | None:
    """The call for a grammar; None where something other than literals is needed or given back."""
    target = context.target
    if not _is_literal_type(target.returns):
        return None
    slots = _slots(target.parameters, target)
    if slots is None:
        return None
    if not target.class_name:
        return [Call(target.name, slots)]
    if target.kind in ("classmethod", "staticmethod"):
        return [Call(f"{target.class_name}.{target.name}", slots)]
    view = view_of(target, context.project)
    node = view.find_class(target.class_name)
    fields = constructor_parameters(node, view) if node is not None else None
    if fields is None:
        return None
    made = [
        Parameter(
            field.name,
            ast.unparse(field.annotation) if field.annotation else "",
            "..." if field.optional else "",
            "keyword_only" if field.keyword else "positional_or_keyword",
        )
        for field in fields
    ]
    constructor = _slots(made, None)
    if constructor is None:
        return None
    last = Call(target.name, None if target.kind == "property" else slots)
    return [Call(target.class_name, constructor), last]


def _slots(
    parameters: tuple[Parameter, ...] | list[Parameter], target: Target | None
) -> tuple[Slot, ...] | None:
    slots: list[Slot] = []
    for parameter in parameters:
        if parameter.kind == "var_keyword":
            continue
        if not _is_literal_type(parameter.annotation):
            if parameter.default or parameter.kind == "var_positional":
                continue
            return None
        annotation = parameter.annotation
        if not annotation and target is not None:
            annotation = guess_annotation(parameter, target)
            if "Callable" in annotation:
                return None
        slots.append(
            Slot(
                name=parameter.name,
                annotation=literal_annotation(annotation),
                optional=bool(parameter.default),
                keyword=parameter.kind == "keyword_only",
                positional=parameter.kind == "positional_only",
                variadic=parameter.kind == "var_positional",
            )
        )
    return tuple(slots)


def as_asked(expression: str, target: Target) -> str:
    """A call in the one form that the grammar knows: what must be given by position, the rest by name.

    People also name what could go by position; a model that learnt that would long for what it cannot write.
    """
    node = parse_expression(expression)
    if not isinstance(node, ast.Call) or target.class_name or ast.unparse(node.func) != target.name:
        return expression
    named = {k.arg: k.value for k in node.keywords if k.arg}
    if len(named) < len(node.keywords) or any(isinstance(a, ast.Starred) for a in node.args):
        return expression
    wanted = [p for p in target.parameters if p.kind == "positional_or_keyword" and not p.default]
    for parameter in wanted[len(node.args) :]:
        if parameter.name not in named:
            break
        node.args.append(named.pop(parameter.name))
    if len(named) == len(node.keywords):
        return expression
    node.keywords = [k for k in node.keywords if k.arg in named]
    return ast.unparse(node)


def literal_annotation(annotation: str) -> str:
    """The annotation for a grammar: where a float is asked for, people write `80` as well as `80.5`."""
    return re.sub(r"\bfloat\b", "int | float", annotation.strip("'\" "))


def _is_literal_type(annotation: str) -> bool:
    node = parse_expression(annotation.strip("'\" ") or "object")
    if node is None:
        return False
    names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    names |= {n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)}
    return names <= _LITERAL_TYPES

"""What a constructor takes, as its class says: `__init__`, or the fields of a dataclass or named tuple.

And what is known of the values: what calls pass, what the class holds them against.
"""

from __future__ import annotations

import ast
from typing import NamedTuple

from genx_lsp.propose.keys import parse_expression
from genx_lsp.propose.views import View

_PLAIN_BASES = ("object", "Generic", "ABC", "NamedTuple", "TypedDict", "Protocol")


class Field(NamedTuple):
    """One parameter of a constructor."""

    name: str
    annotation: ast.expr | None
    optional: bool
    keyword: bool = False
    """It can be given by name only. Optional ones of these are not listed."""


def constructor_parameters(node: ast.ClassDef, view: View) -> list[Field] | None:
    """What a class takes, in order; None if that cannot be read from the view."""
    init = next((s for s in node.body if isinstance(s, ast.FunctionDef) and s.name == "__init__"), None)
    if init is not None:
        return _of_function(init.args)
    bases = [ast.unparse(b).partition("[")[0] for b in node.bases]
    is_record = any("dataclass" in ast.unparse(d) or ".define" in ast.unparse(d) for d in node.decorator_list)
    inherited: list[Field] = []
    for base in bases:
        parent = view.find_class(base)
        if parent is not None and parent is not node:
            inherited = constructor_parameters(parent, view) or []
        elif base.rpartition(".")[2] not in _PLAIN_BASES:
            return None
    if not is_record and not any(b.rpartition(".")[2] in ("NamedTuple", "TypedDict") for b in bases):
        return inherited
    own = _of_body(node)
    names = {field.name for field in own}
    return [field for field in inherited if field.name not in names] + own


def _of_function(args: ast.arguments) -> list[Field]:
    positional = [*args.posonlyargs, *args.args][1:]
    missing = len(positional) - len(args.defaults)
    found = [Field(a.arg, a.annotation, i >= missing) for i, a in enumerate(positional)]
    named = zip(args.kwonlyargs, args.kw_defaults, strict=True)
    return found + [
        Field(a.arg, a.annotation, False, keyword=True) for a, default in named if default is None
    ]


def _of_body(node: ast.ClassDef) -> list[Field]:
    found: list[Field] = []
    for statement in node.body:
        if not (isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)):
            continue
        default = ast.unparse(statement.value) if statement.value is not None else ""
        if "ClassVar" in ast.unparse(statement.annotation) or "init=False" in default:
            continue
        optional = bool(default) and not (default.startswith("field(") and "default" not in default)
        found.append(Field(statement.target.id, statement.annotation, optional))
    return found


def compared_with(node: ast.ClassDef, name: str) -> list[str]:
    """Constants that a class's methods compare an attribute of that name with: each makes another object."""
    found: dict[str, None] = {}
    for part in ast.walk(node):
        if not isinstance(part, ast.Compare) or not isinstance(part.left, ast.Attribute):
            continue
        if part.left.attr.strip("_") != name.strip("_") or not isinstance(part.left.value, ast.Name):
            continue
        for side in part.comparators:
            values = side.elts if isinstance(side, (ast.Tuple, ast.List, ast.Set)) else [side]
            constants = (v.value for v in values if isinstance(v, ast.Constant))
            found.update(
                dict.fromkeys(repr(c) for c in constants if isinstance(c, (str, int)) and type(c) is not bool)
            )
    return list(found)


def constructed_with(call: ast.Call, position: int, name: str) -> ast.expr | None:
    """What a call passes for a parameter, by its name or its place."""
    by_name = next((k.value for k in call.keywords if k.arg == name), None)
    return by_name or (call.args[position] if position < len(call.args) else None)


def public_names(node: ast.ClassDef) -> set[str]:
    """Names of methods and annotated attributes, those that the constructor sets included."""
    names = {s.name for s in node.body if isinstance(s, (ast.FunctionDef, ast.AsyncFunctionDef))}
    names |= {
        s.target.id for s in node.body if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name)
    }
    stored = (n for n in ast.walk(node) if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store))
    return {name for name in names | {n.attr for n in stored} if not name.startswith("_")}


def is_abstract(node: ast.ClassDef) -> bool:
    """Whether a class has methods that only classes made of it fill in."""
    return any(
        "abstractmethod" in ast.unparse(d)
        for s in node.body
        if isinstance(s, (ast.FunctionDef, ast.AsyncFunctionDef))
        for d in s.decorator_list
    )


def is_text(annotation: ast.expr) -> bool:
    """Whether a text is among the values: `str`, `str | None`, `"str"`, but not `list[str]`."""
    if isinstance(annotation, ast.BinOp):
        return is_text(annotation.left) or is_text(annotation.right)
    if isinstance(annotation, ast.Subscript):
        name = ast.unparse(annotation.value).rpartition(".")[2]
        inner = annotation.slice.elts if isinstance(annotation.slice, ast.Tuple) else [annotation.slice]
        return name in {"Optional", "Union", "Annotated"} and any(map(is_text, inner))
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        parsed = parse_expression(annotation.value)
        return parsed is not None and is_text(parsed)
    return ast.unparse(annotation) == "str"

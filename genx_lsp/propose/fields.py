"""What a constructor takes, as its class says: `__init__`, or the fields of a dataclass or named tuple."""

from __future__ import annotations

import ast
from typing import NamedTuple

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

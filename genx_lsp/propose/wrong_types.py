"""Values of a type that the function refuses: `if not isinstance(age, int): raise TypeError(...)`."""

from __future__ import annotations

import ast

from genx_lsp.propose.keys import parse_definition
from genx_lsp.target import Parameter, Target

_VALUES = {"str": "'12'", "NoneType": "None", "float": "1.5", "list": "[1]", "int": "1"}
"""By type, the likeliest mistakes first."""
_MORE_GENERAL = {
    "Number": {"int", "float"}, "Real": {"int", "float"}, "Integral": {"int"}, "Sequence": {"list", "str"},
    "Iterable": {"list", "str"}, "Collection": {"list", "str"}, "Sized": {"list", "str"},
    "Hashable": {"int", "str", "float", "NoneType"}, "object": set(_VALUES),
}  # fmt: skip
_MOST = 2


def wrong_types(parameter: Parameter, target: Target) -> list[str]:
    """Expressions of other types than the function asks the parameter for; none where it refuses no type."""
    tree = parse_definition(target.source)
    if tree is None or not any(_refuses(node) for node in ast.walk(tree)):
        return []
    names, asked = _also(parameter.name, tree), set[str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "isinstance" and len(node.args) == 2:
            about, kinds = node.args
            if isinstance(about, ast.Name) and about.id in names:
                each = kinds.elts if isinstance(kinds, ast.Tuple) else [kinds]
                asked |= {ast.unparse(kind).rpartition(".")[2] for kind in each}
    if not asked:
        return []
    right = asked.union(*(_MORE_GENERAL.get(name, set()) for name in asked))
    found = [text for name, text in _VALUES.items() if name not in right][:_MOST]
    # `isinstance(True, int)` is true, so who asks for bool as well means to tell them apart.
    return [*found, "True"] if "bool" in asked else found


def _also(name: str, tree: ast.AST) -> set[str]:
    """The parameter's name, and those of loops over several parameters with it among them."""
    return {name} | {
        node.target.id
        for node in ast.walk(tree)
        if isinstance(node, (ast.For, ast.comprehension)) and isinstance(node.target, ast.Name)
        if isinstance(node.iter, (ast.Tuple, ast.List))
        if any(isinstance(e, ast.Name) and e.id == name for e in node.iter.elts)
    }


def _refuses(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Raise)
        and node.exc is not None
        and ast.unparse(node.exc.func if isinstance(node.exc, ast.Call) else node.exc) == "TypeError"
    )

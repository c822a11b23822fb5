"""Standard modules that a model's code uses without importing them."""

from __future__ import annotations

import ast

from genx_lsp.propose.keys import parse_definition
from genx_lsp.propose.naming import BUILTINS, module_names
from genx_lsp.target import Target

_MODULES = frozenset(
    {"bisect", "collections", "copy", "datetime", "decimal", "fractions", "functools", "heapq", "itertools",
     "json", "math", "operator", "re", "statistics", "string", "textwrap", "unicodedata"}
)  # fmt: skip
_NAMES = {
    **dict.fromkeys(("Counter", "defaultdict", "deque", "OrderedDict"), "collections"),
    **dict.fromkeys(
        ("chain", "combinations", "groupby", "permutations", "product", "zip_longest"), "itertools"
    ),
    **dict.fromkeys(("lru_cache", "reduce", "partial"), "functools"),
    **dict.fromkeys(("heappush", "heappop", "heapify"), "heapq"),
    **dict.fromkeys(("sqrt", "floor", "ceil", "gcd"), "math"),
    "Decimal": "decimal",
    "Fraction": "fractions",
    "deepcopy": "copy",
}


def missing_imports(target: Target, source: str) -> list[str]:
    """Import statements for what a rewritten definition uses and neither it nor its module binds."""
    tree = parse_definition(source)
    if tree is None:
        return []
    bound = set(module_names(target.module_source)) | BUILTINS
    used: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.alias):
            bound.add((node.asname or node.name).partition(".")[0])
    lacking = sorted(used - bound)
    return [f"import {n}" for n in lacking if n in _MODULES] + [
        f"from {_NAMES[n]} import {n}" for n in lacking if n in _NAMES
    ]

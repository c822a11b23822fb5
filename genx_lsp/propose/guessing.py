"""What a parameter without annotation probably takes: its default, how the body uses it, its name."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable

from genx_lsp.propose.keys import parse_definition
from genx_lsp.propose.type_values import METHODS, NAMED, UNKNOWN_TYPE
from genx_lsp.target import Parameter, Target

FILLED = {
    "list": "list[int]",
    "tuple": "tuple[int, ...]",
    "set": "set[int]",
    "frozenset": "frozenset[int]",
    "dict": "dict[str, int]",
}
"""Bare collections, with what is put into them where nothing tells."""
_LONGEST_TUPLE = 6
_MOST_ARGUMENTS = 4
_NUMBER = (ast.Sub, ast.Div, ast.FloorDiv, ast.Pow, ast.LShift, ast.RShift, ast.BitAnd, ast.BitOr, ast.BitXor)


def guess_annotation(parameter: Parameter, target: Target) -> str:
    """An annotation as source; never empty. Of `*parameters`, what each is."""
    guessed = _guessed(parameter, target)
    is_many = parameter.kind == "var_positional" and guessed.startswith("list[")
    return guessed[5:-1] if is_many and " | " not in guessed else guessed


def _guessed(parameter: Parameter, target: Target) -> str:
    by_default = _by_default(parameter.default)
    if by_default:
        return by_default
    asked = _asked(parameter.name, target)
    if asked:
        return " | ".join(asked)
    used = uses(parse_definition(target.source), lambda node: _is(node, parameter.name))
    named = by_name(parameter.name)
    if used:
        # The name settles what use leaves open: `for x in words` fits list[int] and list[str].
        if named and _shape(named) in {_shape(u) for u in used}:
            return used[0] if "Callable[" in used[0] else named
        # Where name and use differ both are tried: what is wrong shows when it is run.
        return " | ".join(dict.fromkeys([*used[:2], *([named] if named else [])]))
    return named or UNKNOWN_TYPE


def _by_default(default: str) -> str:
    if not default:
        return ""
    try:
        value = ast.literal_eval(default)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return ""
    if isinstance(value, (bool, int, float, str, bytes)):
        return type(value).__name__
    if isinstance(value, (list, tuple, set)):
        return f"{type(value).__name__}[int]" if not isinstance(value, tuple) else "tuple[int, ...]"
    return "dict[str, int]" if isinstance(value, dict) else ""


def by_name(name: str) -> str:
    """What a thing of that name probably is, as an annotation; empty where the name says nothing."""
    plain = name.strip("_").lower()
    last = plain.rpartition("_")[2]
    if plain in NAMED or (len(last) > 1 and last in NAMED):
        return NAMED.get(plain) or NAMED[last]
    if plain.startswith(("is_", "has_", "use_", "with_")):
        return "bool"
    if plain.startswith(("num_", "n_", "max_", "min_")) or plain.endswith(("_count", "_index", "_size")):
        return "int"
    return "list[int]" if plain.endswith("s") and len(plain) > 3 and not plain.endswith("ss") else ""


def _asked(name: str, target: Target) -> list[str]:
    """Types that the body asks of a name, or of its items by their index: `isinstance(state[0], str)`."""
    tree = parse_definition(target.source)
    found: dict[str, None] = {}
    items: dict[int, dict[str, None]] = {}
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "isinstance" and len(node.args) == 2:
            about, kinds = node.args
            names = kinds.elts if isinstance(kinds, ast.Tuple) else [kinds]
            texts = dict.fromkeys(ast.unparse(n) for n in names if isinstance(n, (ast.Name, ast.Attribute)))
        elif isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.Is, ast.IsNot)):
            about, texts = (
                node.left,
                dict.fromkeys(t for t in map(ast.unparse, node.comparators) if t == "None"),
            )
        else:
            continue
        if _is(about, name):
            found.update(texts)
        elif isinstance(about, ast.Subscript) and _is(about.value, name):
            index = about.slice.value if isinstance(about.slice, ast.Constant) else None
            if isinstance(index, int) and 0 <= index < _LONGEST_TUPLE:
                items.setdefault(index, {}).update(texts)
    if not set(found) - {"None"}:
        return []  # That it may be None says too little.
    if items and "tuple" in found:
        places = [" | ".join(items.get(i) or {"int": None}) for i in range(max(items) + 1)]
        return [
            f"tuple[{', '.join(places)}]" if kind == "tuple" else FILLED.get(kind, kind) for kind in found
        ]
    return [FILLED.get(kind, kind) for kind in found]


def uses(tree: ast.AST | None, is_it: Callable[[ast.expr], bool]) -> list[str]:
    """Types that the code's use of something speaks for, the most often first."""
    votes: Counter[str] = Counter()
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Attribute) and is_it(node.value):
            votes[METHODS.get(node.attr, "")] += 3
        elif isinstance(node, ast.Call):
            votes[_called(node, is_it)] += 2
        elif isinstance(node, (ast.For, ast.comprehension)) and is_it(node.iter):
            votes["list[int]"] += 2
        elif isinstance(node, ast.Subscript) and is_it(node.value):
            key = node.slice
            text = isinstance(key, ast.Constant) and isinstance(key.value, str)
            votes["dict[str, int]" if text else "list[int]"] += 2
        elif isinstance(node, ast.Subscript) and is_it(node.slice):
            votes["int"] += 1
        elif isinstance(node, ast.BinOp):
            if isinstance(node.op, _NUMBER) and (is_it(node.left) or is_it(node.right)):
                votes["int"] += 2
            elif isinstance(node.op, ast.Mod) and (is_it(node.right) or is_it(node.left)):
                votes["int"] += 1
            elif isinstance(node.op, (ast.Add, ast.Mult)) and (is_it(node.left) or is_it(node.right)):
                votes[_like(node.right if is_it(node.left) else node.left)] += 1
        elif isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            if any(is_it(s) for s in sides):
                for side in sides:
                    votes[_like(side)] += 1
            if isinstance(node.ops[0], (ast.In, ast.NotIn)) and is_it(node.comparators[0]):
                votes["list[int]"] += 1
    votes.pop("", None)
    elements = _elements(tree, is_it) if tree is not None else set()
    if "str" in elements:
        # A text is a sequence of texts; what is passed is one far more often than a list of them.
        votes["str"] += 1 + votes.pop("list[int]", 0)
        votes["list[str]"] += 1
    elif elements:
        votes[f"list[{min(elements)}]"] += 1 + votes.pop("list[int]", 0)
    return [kind for kind, _ in votes.most_common()]


def _elements(tree: ast.AST, is_it: Callable[[ast.expr], bool]) -> set[str]:
    """What seems to stand in a collection: `for c in s: c.isdigit()`, `s[i] in "ab"`."""
    held = {
        n.target.id
        for n in ast.walk(tree)
        if isinstance(n, (ast.For, ast.comprehension)) and is_it(n.iter) and isinstance(n.target, ast.Name)
    }

    def is_element(node: ast.AST) -> bool:
        if isinstance(node, ast.Subscript):
            return is_it(node.value) and not isinstance(node.slice, ast.Slice)
        return isinstance(node, ast.Name) and node.id in held

    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and is_element(node.value):
            found.add(METHODS.get(node.attr, ""))
        elif isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            if any(is_element(s) for s in sides):
                found |= {_like(s) for s in sides}
        elif isinstance(node, ast.Call) and is_element(node.func):
            found.add(_callable(node))
        elif isinstance(node, ast.Call) and any(is_element(a) for a in node.args):
            found.add(
                {"ord": "str", "len": "str", "chr": "int", "abs": "int"}.get(ast.unparse(node.func), "")
            )
        elif isinstance(node, ast.Subscript) and is_element(node.value):
            found.add("list[int]")
    return found - {""}


def _called(node: ast.Call, is_it: Callable[[ast.expr], bool]) -> str:
    if is_it(node.func):
        return _callable(node)
    if not any(is_it(a) for a in node.args):
        return ""
    func = ast.unparse(node.func)
    if func in (
        "len",
        "sorted",
        "sum",
        "max",
        "min",
        "enumerate",
        "list",
        "reversed",
        "set",
        "zip",
        "any",
        "all",
    ):
        return "list[int]"
    if func in ("range", "chr", "abs", "bin", "math.sqrt", "divmod", "math.factorial"):
        return "int"
    if func in ("ord", "re.match", "re.search", "re.findall"):
        return "str"
    return ""


def _callable(node: ast.Call) -> str:
    """A function that takes as much as it is given."""
    if (
        node.keywords
        or len(node.args) > _MOST_ARGUMENTS
        or any(isinstance(a, ast.Starred) for a in node.args)
    ):
        return "Callable"
    return f"Callable[[{', '.join(['Any'] * len(node.args))}], Any]"


def _like(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and node.value is not None and not isinstance(node.value, bool):
        return type(node.value).__name__ if isinstance(node.value, (int, float, str, bytes)) else ""
    return ""


def _is(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _shape(annotation: str) -> str:
    shape = annotation.partition("[")[0]
    return "int" if shape == "float" else shape

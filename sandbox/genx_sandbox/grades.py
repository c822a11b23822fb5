"""The best grade for each test of a pytest file, by what its text says it needs.

Split, where a test is a plain function that takes nothing but its parameters and uses nothing that reaches
into the program's process; items for everything else. What the text does not show (an object of the program
compared as a value) the split run itself finds out, and says `refused`: such a test belongs to items.
"""

from __future__ import annotations

import ast
import re

from genx_sandbox.outcomes import Grade

# What only means something where the program itself runs, or changes the process around it.
_REACHING = frozenset(
    {"monkeypatch", "mock", "unittest", "importlib", "subprocess", "multiprocessing", "sys", "inspect", "gc"}
)
# A split test runs without a path it may write to.
_OWN_FILES = re.compile(r"\b(tmp_path|tempfile|open)\b")
_PYTEST = frozenset({"raises", "approx", "mark", "param", "fail"})


def grades(source: str) -> dict[str, Grade]:
    """The grade of each test by its node id without parameters. A file that does not parse has none."""
    try:
        module = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    found: dict[str, Grade] = {}
    shared = [node for node in module.body if not _is_test(node)]
    whole = all(_stands_alone(node) for node in shared)
    for node in module.body:
        if isinstance(node, functions) and node.name.startswith("test"):
            alone = whole and isinstance(node, ast.FunctionDef) and _plain(node)
            found[node.name] = Grade.SPLIT if alone else Grade.ITEMS
        elif isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            methods = (m for m in node.body if isinstance(m, functions) and m.name.startswith("test"))
            found.update({f"{node.name}::{method.name}": Grade.ITEMS for method in methods})
    return found


def _is_test(node: ast.stmt) -> bool:
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return False
    return node.name.lower().startswith("test")


def _stands_alone(node: ast.stmt) -> bool:
    """A statement of the file itself: imports of code, constants and functions that reach nowhere."""
    if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
        return False
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and node.decorator_list:
        return False  # a fixture, most likely
    return _reaches_nowhere(node)


def _plain(node: ast.FunctionDef) -> bool:
    """Arguments are parameters of its own marks, and the body reaches nowhere."""
    parameters: set[str] = set()
    for decorator in node.decorator_list:
        names = _parameters(decorator)
        if names is None:
            return False
        parameters |= names
    arguments = node.args
    if arguments.vararg or arguments.kwarg or arguments.defaults or arguments.posonlyargs:
        return False
    taken = {argument.arg for argument in (*arguments.args, *arguments.kwonlyargs)}
    return taken == parameters and all(_reaches_nowhere(statement) for statement in node.body)


def _parameters(decorator: ast.expr) -> set[str] | None:
    """The names a `pytest.mark.parametrize` gives; None for any other decorator."""
    if not isinstance(decorator, ast.Call) or ast.unparse(decorator.func) != "pytest.mark.parametrize":
        return None
    if any(keyword.arg != "ids" for keyword in decorator.keywords) or len(decorator.args) != 2:
        return None
    try:
        names = ast.literal_eval(decorator.args[0])
    except ValueError:
        return None
    if isinstance(names, str):
        return {name.strip() for name in names.split(",")}
    return {str(name) for name in names} if isinstance(names, (list, tuple)) else None


def _reaches_nowhere(node: ast.AST) -> bool:
    return not any(map(_reaches, ast.walk(node)))


def _reaches(part: ast.AST) -> bool:
    if isinstance(part, ast.ImportFrom):
        return (part.module or "").partition(".")[0] in _REACHING
    if isinstance(part, ast.Import):
        return any(alias.name.partition(".")[0] in _REACHING for alias in part.names)
    if isinstance(part, ast.Name):
        return part.id in _REACHING or _OWN_FILES.fullmatch(part.id) is not None
    if isinstance(part, ast.Attribute):
        return ast.unparse(part.value) == "pytest" and part.attr not in _PYTEST
    return False

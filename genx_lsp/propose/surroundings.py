"""What a model is told of the module around a target: imports, the class, neighbours by signature."""

from __future__ import annotations

import ast

from genx_lsp.propose.keys import quiet_parse
from genx_lsp.target import Target

_MOST = 1600
"""Characters. A 0.5B model reads some 200 tokens a second on two cores, so every line must earn its place."""


def surroundings(target: Target) -> str:
    """The imports, constants, the target's class without the target, and other definitions by signature."""
    try:
        tree = quiet_parse(target.module_source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    used = _used_names(target, tree)
    parts: list[str] = []
    for statement in tree.body:
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            if getattr(statement, "module", "") != "__future__":
                parts.append(ast.unparse(statement))
        elif isinstance(statement, ast.ClassDef):
            if target.class_name.partition(".")[0] == statement.name or statement.name in used:
                parts.append(_class(statement, target))
        elif isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            if statement.name in used and statement.name != target.name:
                parts.append(_outline(statement))
        elif isinstance(statement, (ast.Assign, ast.AnnAssign)):
            text = ast.unparse(statement)
            if len(text) < 200 and {n.id for n in ast.walk(statement) if isinstance(n, ast.Name)} & used:
                parts.append(text)
    text = ""
    for part in parts:
        if len(text) + len(part) < _MOST:
            text += part + "\n"
    return text.strip()


def _used_names(target: Target, tree: ast.Module) -> set[str]:
    """Names in the target and in the annotations of its class."""
    used: set[str] = set()
    for node in ast.walk(tree):
        inside = getattr(node, "lineno", 0)
        if isinstance(node, ast.Name) and target.first_line <= inside <= target.last_line:
            used.add(node.id)
    return used


def _class(node: ast.ClassDef, target: Target) -> str:
    lines = [f"@{ast.unparse(d)}" for d in node.decorator_list]
    bases = ", ".join(ast.unparse(b) for b in node.bases)
    lines.append(f"class {node.name}({bases}):" if bases else f"class {node.name}:")
    for statement in node.body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            if target.first_line <= statement.lineno <= target.last_line:
                continue
            whole = ast.unparse(statement)
            text = whole if statement.name == "__init__" and len(whole) < 500 else _outline(statement)
        elif isinstance(statement, (ast.Assign, ast.AnnAssign)):
            text = ast.unparse(statement)
        else:
            continue
        lines += ["    " + line for line in text.split("\n")]
    return "\n".join(lines) if len(lines) > 1 else lines[0] + " ..."


def _outline(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    kind = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    decorators = "".join(f"@{ast.unparse(d)}\n" for d in node.decorator_list)
    return f"{decorators}{kind} {node.name}({ast.unparse(node.args)}){returns}: ..."

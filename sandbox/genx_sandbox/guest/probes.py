"""Line probes: one store into a bytearray before every statement, far cheaper than a tracer."""

# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

import ast
import types

_NAME = "__genx_probe__"


class Probe:
    """Which lines ran since `clear()`."""

    def __init__(self) -> None:
        self.hits = bytearray()

    def clear(self) -> None:
        """Forget what ran."""
        self.hits[:] = bytes(len(self.hits))

    def lines(self):
        """1-based lines of the statements that ran."""
        return [number for number, hit in enumerate(self.hits) if hit]

    def instrument(self, source: str, path: str) -> types.CodeType:
        """Compile `source` with a probe before every statement. Raises SyntaxError."""
        tree: ast.Module = compile(source, path, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)  # type: ignore
        self.hits = bytearray(len(source.splitlines()) + 2)
        _Instrument().body(tree, docstring=True)
        return compile(ast.fix_missing_locations(tree), path, "exec", 0, dont_inherit=True)


class _Instrument(ast.NodeTransformer):
    def body(self, node, docstring=False):
        statements = node.body
        kept = 0
        if docstring and statements and _is_docstring(statements[0]):
            kept = 1
        while kept < len(statements) and _is_future(statements[kept]):
            kept += 1
        node.body = statements[:kept] + self.block(statements[kept:])
        return node

    def block(self, statements):
        out = []
        for statement in statements:
            out.append(_hit(statement.lineno, statement))
            out.append(self.visit(statement))
        return out

    def generic_visit(self, node):
        for name in ("body", "orelse", "finalbody"):
            held = getattr(node, name, None)
            if isinstance(held, list) and held and isinstance(held[0], ast.stmt):
                if name == "body" and isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                    self.body(node, docstring=True)
                else:
                    setattr(node, name, self.block(held))
        for part in [*getattr(node, "handlers", []), *getattr(node, "cases", [])]:
            line = getattr(part, "lineno", None) or part.pattern.lineno
            first = part.body[0]
            part.body = [_hit(line, first), *self.block(part.body)]
        return node


def _hit(line, where):
    target = ast.Subscript(ast.Name(_NAME, ast.Load()), ast.Constant(line), ast.Store())
    node = ast.Assign([target], ast.Constant(1), lineno=where.lineno)
    return ast.copy_location(node, where)


def _is_docstring(node):
    return (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and type(node.value.value) is str
    )


def _is_future(node):
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


NAME = _NAME

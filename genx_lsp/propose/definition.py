"""A definition taken apart into its head and its body, and put together again with another body."""

from __future__ import annotations

import ast
import tokenize
from dataclasses import dataclass

from genx_lsp.propose.keys import parse_definition, quiet_parse
from genx_lsp.target import Target

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Definition:
    """The target's definition by its parts, each as it stands in the file."""

    decorators: str
    signature: str
    """From `def` to the colon, its lines at the file's indentation, ending in a newline."""
    docstring: str
    """The docstring's lines with their indentation, or empty."""
    body: str
    indent: str
    """Indentation of `def`."""
    body_indent: str
    node: FunctionNode
    """Line numbers in it are those of `Target.source`."""

    @property
    def head(self) -> str:
        """Everything that a rewrite keeps."""
        return self.decorators + self.signature + self.docstring

    def bare(self, text: str) -> str:
        """Lines of the definition moved to the left margin. For models, not for files."""
        return "".join(line.removeprefix(self.indent) for line in _lines(text))


def take_apart(target: Target) -> Definition | None:
    """None where the definition does not parse."""
    source = target.source
    tree = parse_definition(source)
    node = _find(tree, target.name) if tree is not None else None
    if tree is None or node is None:
        return None
    shift = 1 if source[:1] in (" ", "\t") else 0
    if shift:
        ast.increment_lineno(tree, -shift)
    lines = _lines(source)
    first = node.body[0]
    indent = (
        " " * node.col_offset if not source[:1].isspace() else source[: len(source) - len(source.lstrip())]
    )
    is_docstring = (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    )
    decorators = "".join(lines[: node.lineno - 1])
    # A comment between signature and body, or a body on the line of `def`, ends up where it belongs.
    on_one_line = not lines[first.lineno - 1].encode()[: first.col_offset].decode().isspace()
    if on_one_line:
        before = lines[first.lineno - 1].encode()[: first.col_offset].decode()
        signature = "".join(lines[node.lineno - 1 : first.lineno - 1]) + before.rstrip() + "\n"
        body_indent = indent + "    "
        return Definition(decorators, signature, "", body_indent + source.strip(), indent, body_indent, node)
    body_indent = lines[first.lineno - 1][
        : len(lines[first.lineno - 1]) - len(lines[first.lineno - 1].lstrip())
    ]
    signature = "".join(lines[node.lineno - 1 : first.lineno - 1])
    end = (first.end_lineno or first.lineno) if is_docstring else first.lineno - 1
    return Definition(
        decorators=decorators,
        signature=signature,
        docstring="".join(lines[first.lineno - 1 : end]) if is_docstring else "",
        body="".join(lines[end:]),
        indent=indent,
        body_indent=body_indent,
        node=node,
    )


def with_body(definition: Definition, body: list[str]) -> str:
    """The head with other lines under it; `body` is given without indentation."""
    fixed = _inside_strings(body)
    placed = [
        line if number in fixed else (definition.body_indent + line if line.strip() else "")
        for number, line in enumerate(body)
    ]
    return definition.head + "\n".join(placed) + "\n"


def body_of(source: str, name: str) -> list[str] | None:
    """The body of `name` in a model's answer, without docstring and indentation; None if unusable."""
    try:
        tree = quiet_parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    node = _find(tree, name)
    if node is None:
        return None
    statements = node.body
    if isinstance(statements[0], ast.Expr) and isinstance(statements[0].value, ast.Constant):
        statements = statements[1:]
    if not statements or all(isinstance(s, ast.Pass) for s in statements):
        return None
    first, last = statements[0], statements[-1]
    lines = source.split("\n")
    if first.lineno == node.lineno:
        return [ast.unparse(s) for s in statements]
    text = lines[first.lineno - 1 : last.end_lineno]
    margin = text[0][: len(text[0]) - len(text[0].lstrip())]
    fixed = _inside_strings(text)
    moved = [line if n in fixed else line.removeprefix(margin) for n, line in enumerate(text)]
    return moved if _same(moved, statements) else ast.unparse(ast.Module(statements, [])).split("\n")


def _inside_strings(lines: list[str]) -> set[int]:
    """Indices of lines that begin within a string: their blanks at the front belong to it."""
    inside: set[int] = set()
    try:
        for token in tokenize.generate_tokens(iter([line + "\n" for line in lines] + [""]).__next__):
            # Only strings reach over several lines.
            inside.update(range(token.start[0], token.end[0]))
    except (tokenize.TokenError, SyntaxError, StopIteration):
        pass
    return inside


def _lines(text: str) -> list[str]:
    """Lines as Python counts them; `splitlines` would also break at form feeds."""
    return [line + "\n" for line in text.removesuffix("\n").split("\n")]


def _same(lines: list[str], statements: list[ast.stmt]) -> bool:
    """Whether moving the lines to the margin changed nothing (strings over several lines can)."""
    try:
        # `return` outside a function parses; only compiling would refuse it.
        return ast.dump(quiet_parse("\n".join(lines))) == ast.dump(ast.Module(statements, []))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


def _find(tree: ast.Module, name: str) -> FunctionNode | None:
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == name:
            return node
    return None

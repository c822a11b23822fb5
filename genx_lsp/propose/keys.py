"""What makes two candidates the same: hashes that ignore comments, formatting and docstrings."""

from __future__ import annotations

import ast
import hashlib
import warnings

from genx_sandbox import Expectation, Unknown

_HASH_LENGTH = 20


def code_key(source: str) -> str:
    """Hash of a definition's normalised AST; equal keys behave equally.

    `source` may stand at any indentation. Text that does not parse is hashed as it is, so that every
    text has a key.
    """
    tree = parse_definition(source)
    if tree is None:
        return _digest("text", source.strip())
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            _drop_docstring(node)
    try:
        return _digest("ast", ast.dump(tree))
    except RecursionError:
        return _digest("text", source.strip())


def test_key(
    expression: str,
    expectation: Expectation,
    setup: str = "",  # noqa: PT028 - a key of tests, not a test
    expected_text: str = "",  # noqa: PT028
) -> str:
    """Hash of a call and what is expected of it.

    `expected_text` counts only while the expectation itself is unknown: it is then to be evaluated.
    """
    expected = repr(expectation)
    if isinstance(expectation, Unknown):
        expected += normal_expression(expected_text)
    return _digest("test", normal_expression(expression), setup.strip(), expected)


test_key.__test__ = False  # type: ignore[attr-defined]  # pytest would collect it where it is imported


def call_key(expression: str, setup: str = "") -> str:
    """Hash of a call alone, whatever is expected of it."""
    return _digest("call", normal_expression(expression), setup.strip())


def item_key(path: str, source: str, node_id: str) -> str:
    """Hash of a pytest item as it stands in its file."""
    return _digest("item", path, source, node_id)


def normal_expression(expression: str) -> str:
    """An expression in one spelling: spaces, quotes and brackets as `ast.unparse` writes them."""
    node = parse_expression(expression)
    try:
        return ast.unparse(node) if node is not None else expression.strip()
    except RecursionError:
        return expression.strip()


def parse_definition(source: str) -> ast.Module | None:
    """Parse a definition that may stand at any indentation; None if it is no valid Python.

    Line numbers of an indented one are too high by one.
    """
    indented = source[:1] in (" ", "\t")
    try:
        # Dedenting would break strings that span lines, so the definition gets a block to stand in.
        if not indented:
            return quiet_parse(source)
        block = quiet_parse("if True:\n" + source).body[0]
        return ast.Module(body=block.body, type_ignores=[]) if isinstance(block, ast.If) else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def parse_expression(text: str) -> ast.expr | None:
    """An expression's tree; None if the text is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def is_comparison(expression: str) -> bool:
    """Whether it compares something (`1 <= roll(6) <= 6`), and so is true or false."""
    return isinstance(parse_expression(expression), ast.Compare)


def quiet_parse(source: str) -> ast.Module:
    """`ast.parse` without the warnings that Python prints about odd code, such as invalid escapes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source)


def _drop_docstring(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
    first = node.body[0]
    if (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    ):
        node.body = node.body[1:] or [ast.Pass()]


def _digest(*parts: str) -> str:
    text = "\0".join(parts)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_LENGTH]

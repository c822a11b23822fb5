"""Values and expressions as text, the way a person would lay them out."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Callable
from fractions import Fraction

from genx_sandbox import Value


def collection(kind: str, parts: list[str]) -> str | None:
    """A builtin collection of these elements; alternating keys and values for a dict."""
    inner = ", ".join(parts)
    if kind in ("list", "iterator"):
        return f"[{inner}]"
    if kind == "tuple":
        return f"({inner},)" if len(parts) == 1 else f"({inner})"
    if kind == "set":
        return f"{{{inner}}}" if parts else "set()"
    if kind == "frozenset":
        return f"frozenset({{{inner}}})" if parts else "frozenset()"
    if kind == "dict":
        pairs = zip(parts[::2], parts[1::2], strict=True)
        return "{" + ", ".join(f"{key}: {item}" for key, item in pairs) + "}"
    return None


def tidy(text: str) -> str:
    """An expression spaced as formatters space it; its literals stay as written (`1_000`, `0xFF`)."""
    formatted = ast.unparse(ast.parse(text, mode="eval"))
    if "\n" in text:
        return formatted
    return formatted if _tokens(formatted) == _tokens(text) else text


def _tokens(text: str) -> list[str]:
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):
        return [text]
    return [_meaning(token) for token in tokens if token.string.strip()]


def _meaning(token: tokenize.TokenInfo) -> str:
    """A token's text, strings without their choice of quotes."""
    if token.type == tokenize.STRING and token.string[0] not in "fF":
        return repr(ast.literal_eval(token.string))
    return token.string


def requote(text: str, quote: str) -> str:
    """An expression with its plain string literals in the given quotes, where that needs no escape."""
    return _map_strings(text, lambda literal: _requote_one(literal, quote))


def _requote_one(literal: str, quote: str) -> str:
    other = "'" if quote == '"' else '"'
    start = len(literal) - len(literal.lstrip("rbuRBU"))
    prefix, body = literal[:start], literal[start:]
    if not body.startswith(other) or body.startswith(other * 3) or len(body) < 2:
        return literal
    inner = body[1:-1]
    if quote in inner or ("\\" + other in inner and "r" in prefix.lower()):
        return literal
    return prefix + quote + inner.replace("\\" + other, other) + quote


def _map_strings(text: str, change: Callable[[str], str]) -> str:
    if "'" not in text and '"' not in text:
        return text
    lines = text.split("\n")
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):
        return text
    for token in reversed(tokens):
        if token.type == tokenize.STRING and token.start[0] == token.end[0]:
            line = lines[token.start[0] - 1]
            lines[token.start[0] - 1] = line[: token.start[1]] + change(token.string) + line[token.end[1] :]
    return "\n".join(lines)


def is_inexact(value: Value) -> bool:
    """Whether a float in it came from rounding, so that `==` would be too much to ask.

    Halves, quarters and whole numbers are exact in binary; 6.2 is not.
    """
    if value.kind == "float":
        if any(word in value.scalar for word in ("nan", "inf")):
            return False
        return Fraction(float(value.scalar)).denominator > 1024
    return value.kind in ("list", "tuple", "dict") and any(is_inexact(item) for item in value.items)


def has_nan(value: Value) -> bool:
    """Whether NaN stands anywhere in it."""
    if value.kind in ("float", "complex"):
        return "nan" in value.scalar
    return any(has_nan(item) for item in value.items)


def can_approx(value: Value) -> bool:
    """Whether `pytest.approx` takes it: a number, or a flat list, tuple or dict of numbers."""
    numbers = ("int", "float")
    if value.kind == "dict":
        return all(item.kind in numbers for item in value.items[1::2])
    if value.kind in ("list", "tuple"):
        return all(item.kind in numbers for item in value.items)
    return value.kind in numbers

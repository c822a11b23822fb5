"""Examples in docstrings, as trusted tests: what a function's author wrote down is its specification."""

from __future__ import annotations

import ast
import doctest
import re
from collections.abc import Iterable, Iterator

from genx_lsp.candidate import CallTest, TestCandidate, TestOrigin
from genx_lsp.propose.context import Context
from genx_lsp.propose.expected import expectation_of
from genx_lsp.propose.keys import call_key, parse_expression, quiet_parse
from genx_lsp.propose.naming import mentions, read_imports
from genx_lsp.propose.script import Script, make_test
from genx_lsp.remembered import remembered
from genx_lsp.source_text import shared_tree
from genx_lsp.target import Target
from genx_sandbox import Approx, Expectation, Raises, Returns, Unknown, Value

_TRACEBACK = re.compile(r"^(?P<type>[A-Za-z_][\w.]*)(?:: ?(?P<message>.*))?$", re.DOTALL)


def propose(context: Context) -> Iterator[TestCandidate]:
    """Yield the target's examples, then those of its class and module that name it, each call once.

    Where the expected text is no literal (`Decimal('1.50')`) the test carries it as `expected_text`
    beside an `Unknown` expectation, to be evaluated in the sandbox.
    """
    target = context.target
    seen: set[str] = set()
    for test in _all_examples(target):
        if context.cancel.is_set():
            return
        key = call_key(test.expression, test.setup)
        if key not in seen:
            seen.add(key)
            yield test


@remembered(4)
def _all_examples(target: Target) -> tuple[CallTest, ...]:
    """Kept for the few that ask in turn: a class with many examples takes a while to read."""
    return tuple(_examples(target))


def _examples(target: Target) -> Iterator[CallTest]:
    yield from _doctests(target, target.docstring, everything=True)
    yield from _prose(target, target.docstring)
    for docstring in _outer_docstrings(target):
        yield from _doctests(target, docstring, everything=False)


def _doctests(target: Target, docstring: str, *, everything: bool) -> Iterator[CallTest]:
    """Doctest examples; without `everything` only those that name the target."""
    if ">>>" not in docstring:
        return
    try:
        examples = doctest.DocTestParser().get_examples(docstring)
    except ValueError:  # Inconsistent prompts or blanks: no doctest would run it either.
        return
    parsed = [(example, _parse(example.source)) for example in examples]
    names = read_imports((s for _, tree in parsed for s in tree), target)
    script = Script(target, names)
    for example, statements in parsed:
        if not statements:
            return  # Whatever follows may depend on what cannot be parsed.
        *before, last = statements
        for statement in before:
            script.run(statement)
        if isinstance(last, ast.Expr) and (example.want or example.exc_msg is not None):
            checked = _checked(last.value, example, target)
            if checked is not None and (everything or mentions(last, target, names)):
                expression, expectation, text = checked
                call = script.call(script.bind(expression))
                if call is not None:
                    yield make_test(call[:2], expectation, text, origin=TestOrigin.DOCSTRING, trusted=True)
        if not isinstance(last, (ast.Import, ast.ImportFrom)) and example.exc_msg is None:
            script.run(last)


def _checked(
    node: ast.expr, example: doctest.Example, target: Target
) -> tuple[ast.expr, Expectation, str] | None:
    if example.options.get(doctest.SKIP):
        return None
    if example.exc_msg is not None:
        found = _TRACEBACK.match(example.exc_msg.strip())
        if found is None:
            return None
        message = found["message"]
        exact = not example.options and message and "..." not in message
        return node, Raises(found["type"], escaped(message) if exact else None), ""
    want = example.want.strip("\n")
    printed = _printed(node, target)
    if printed is not None:
        if "..." in want or "<BLANKLINE>" in want:
            return None
        return printed, Returns(Value.of(want)), repr(want)
    expected = parse_expression(want.strip())
    if expected is None or any(
        isinstance(n, ast.Constant) and n.value is Ellipsis for n in ast.walk(expected)
    ):
        return None
    return node, expectation_of(expected), ast.unparse(expected)


def _printed(node: ast.expr, target: Target) -> ast.expr | None:
    """`print(f(1))` shows `str(f(1))`; the `str` is not needed where `f` is said to return text."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"):
        return None
    if len(node.args) != 1 or node.keywords or isinstance(node.args[0], ast.Starred):
        return None
    inner = node.args[0]
    if target.returns.strip("'\"") == "str" and isinstance(inner, ast.Call) and mentions(inner.func, target):
        return inner
    return ast.Call(func=ast.Name(id="str", ctx=ast.Load()), args=[inner], keywords=[])


def _prose(target: Target, docstring: str) -> Iterator[CallTest]:
    """`f(2) -> 4`, `f(2) == 4`, `f(2) returns 4`, `returns 4 for f(2)`, outside doctests."""
    if target.name not in docstring or target.kind == "property":
        return
    script = Script(target, read_imports((), target))
    for line in docstring.splitlines():
        if line.lstrip().startswith((">>>", "...")):
            continue
        for call, rest, before in _calls_in(line, target):
            expected = _stated_after(rest) or _stated_before(before)
            if expected is None:
                continue
            made = script.call(script.bind(call))
            if made is None:
                continue
            raised = _raised_name(rest)
            expectation = Raises(raised) if raised else _rounded(expected)
            if isinstance(expectation, Unknown) and not isinstance(expected, (ast.Call, ast.Attribute)):
                continue  # `f(1) = y`: talk about variables, no example.
            text = "" if raised else ast.unparse(expected)
            yield make_test(made[:2], expectation, text, origin=TestOrigin.DOCSTRING, trusted=True)


def _calls_in(line: str, target: Target) -> Iterator[tuple[ast.expr, str, str]]:
    """Calls of the target in a line of prose, with the text after and before each."""
    pattern = r"(?<![\w.])((?:[A-Za-z_][\w.]*(?:\([^()]*\))?\.)?" + re.escape(target.name) + r")\("
    for found in re.finditer(pattern, line):
        end = _closing(line, found.end() - 1)
        node = parse_expression(line[found.start() : end]) if end else None
        if isinstance(node, ast.Call) and (bool(target.class_name) or isinstance(node.func, ast.Name)):
            yield node, line[end:], line[: found.start()]


def _closing(text: str, opening: int) -> int:
    """Index after the bracket that closes the one at `opening`; 0 if none does."""
    for end in range(opening + 1, len(text) + 1):
        if text[end - 1] == ")" and parse_expression("f" + text[opening:end]) is not None:
            return end
    return 0


_AFTER = re.compile(
    r"^[`'\s]*(?:->|=>|==>|-->|→|==|=|returns?|gives|yields|evaluates to|raises)[`\s]+(?P<rest>.*)$"
)
_BEFORE = re.compile(r"returns?\s+`*(?P<value>.+?)`*\s+(?:for|from|on|given|with)\s+`*$", re.IGNORECASE)


def _stated_after(rest: str) -> ast.expr | None:
    found = _AFTER.match(rest)
    if found is None:
        return None
    return _longestparse_expression(found["rest"])


def _raised_name(rest: str) -> str:
    found = re.match(r"^[`\s]*raises[`\s]+(?:an?\s+)?`*(?P<type>[A-Z][\w.]*)", rest)
    return found["type"].rstrip(".") if found else ""


def _stated_before(before: str) -> ast.expr | None:
    found = _BEFORE.search(before)
    node = parse_expression(found["value"]) if found else None
    return node if node is not None and not isinstance(expectation_of(node), Unknown) else None


def _longestparse_expression(text: str) -> ast.expr | None:
    """The longest beginning of a text that is an expression a value could have been written as."""
    text = re.split(r"\s{2,}|\s+#|;\s", text.strip())[0].rstrip(" .,`")
    for end in range(len(text), 0, -1):
        if end < len(text) and (text[end - 1].isalnum() and text[end].isalnum()):
            continue
        node = parse_expression(text[:end].rstrip(" .,;:`)") if end < len(text) else text)
        if node is None:
            continue
        return node if isinstance(node, _VALUE_LIKE) else None
    return None


_VALUE_LIKE = (
    ast.Constant,
    ast.List,
    ast.Tuple,
    ast.Dict,
    ast.Set,
    ast.UnaryOp,
    ast.Call,
    ast.Name,
    ast.Attribute,
)


def _rounded(node: ast.expr) -> Expectation:
    """As `expectation_of`, but prose rounds: `3.14` stands for what lies within half of its last digit."""
    expectation = expectation_of(node)
    text = ast.unparse(node)
    if isinstance(node, ast.Constant) and isinstance(node.value, float) and "." in text and "e" not in text:
        decimals = len(text.partition(".")[2])
        if decimals >= 2:
            return Approx(Value.of(node.value), rel=0.0, abs=0.5 * 10.0**-decimals)
    return expectation


def _outer_docstrings(target: Target) -> Iterator[str]:
    """Docstrings of the class around the target and of its module."""
    tree = shared_tree(target.module_source)
    body: list[ast.stmt] = tree.body
    outer: list[str] = []
    for part in target.class_name.split(".") if target.class_name else []:
        found = next((s for s in body if isinstance(s, ast.ClassDef) and s.name == part), None)
        if found is None:
            break
        outer.insert(0, ast.get_docstring(found) or "")
        body = found.body
    yield from (text for text in [*outer, ast.get_docstring(tree) or ""] if text)


def _parse(source: str) -> list[ast.stmt]:
    try:
        return quiet_parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def seen_calls(target: Target) -> Iterable[str]:
    """Call expressions of the examples, for generators that recombine their arguments."""
    return [test.expression for test in _all_examples(target)]


def escaped(message: str) -> str:
    """`re.escape` that leaves blanks and dashes readable."""
    return re.sub(r"([.^$*+?{}\[\]\\|()])", r"\\\1", message)

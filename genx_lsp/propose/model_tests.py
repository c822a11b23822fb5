"""Calls with expected values, written by the test model from the description."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from genx_lsp.candidate import CallTest, TestCandidate, TestOrigin
from genx_lsp.propose.assertions import checks
from genx_lsp.propose.call_shapes import grammar_chain
from genx_lsp.propose.context import Context
from genx_lsp.propose.definition import take_apart
from genx_lsp.propose.docstring_examples import seen_calls
from genx_lsp.propose.keys import normal_expression, parse_expression, quiet_parse
from genx_lsp.propose.naming import Names, mentions
from genx_lsp.propose.surroundings import surroundings
from genx_lsp.target import Target
from genx_models import Chat, Generator, Request
from genx_models.grammars import Call, check_grammar
from genx_sandbox import Unknown

_FENCE = "```python\n"
_LINES = 2
"""Tests a sample: a second one differs from the first, and the prompt is read only once."""
_COOLER = 0.75
"""Of the temperature set: an expected value is worked out, not made up."""
_RUNAWAY = re.compile(r"\d{10}|\de-?\d\d|(.{1,8}?)\1{5}")
"""A value in which a small model lost its way: endless digits, wild exponents, endless repeats."""
_LINE_TOKENS = 48
_SYSTEM = "You write precise Python tests. Work out each expected value step by step before you write it."
_EXAMPLE = '''For this function

```python
def initials(name: str, sep: str = ".") -> str:
    """Return the first letters of the words of name in upper case, each followed by sep.

    Raises ValueError if name has no words.
    """
```

good tests are

```python
assert initials("ada lovelace") == "A.L."
assert initials("bo", "-") == "B-"
with pytest.raises(ValueError): initials("")
```

'''


def propose(context: Context) -> Iterator[TestCandidate]:
    """Yield tests, the most often sampled first; `weight` counts the samples. Raises `ModelError`.

    Where arguments and result are literals a grammar lets the model write nothing but such tests; where
    objects are needed it writes freely, and what is no test of the target is dropped.
    """
    model, samples = context.test_model, context.settings.generation.tests
    target = context.target
    if model is None or samples <= 0 or target.name in ("__init__", "__new__", "__post_init__"):
        return
    chain = grammar_chain(context)
    request = _request(context, chain, samples)
    yield from _heard(context, model, request)


def vote(context: Context, expression: str) -> Iterator[TestCandidate]:
    """Yield what the test model expects of one call, each value with its samples as `weight`.

    Nothing where there is no model, or where it need not be asked. Raises `ModelError`.
    """
    model, samples = context.test_model, context.settings.generation.tests
    if model is None or samples <= 0:
        return
    head = f"assert {expression}"
    returns = context.target.returns
    request = Request(
        prompt=Chat(system=_SYSTEM, user=_prompt(context.target), prefill=_FENCE + head),
        samples=samples,
        max_tokens=_LINE_TOKENS,
        temperature=context.settings.generation.temperature * _COOLER,
        seed=context.seed,
        stop=("\n",),
        grammar=check_grammar([Call(expression, None)], returns=returns, raises=(), prefilled=head),
    )
    yield from _heard(context, model, request)


def _request(context: Context, chain: list[Call] | None, samples: int) -> Request:
    target = context.target
    head = "assert "
    if chain is not None:
        head += chain[0].text + ("(" if chain[0].slots is not None else "")
    raises = _exceptions(target)
    grammar = ""
    if chain is not None:
        grammar = check_grammar(chain, returns=target.returns, raises=raises, prefilled=head, lines=_LINES)
    return Request(
        prompt=Chat(system=_SYSTEM, user=_prompt(target), prefill=_FENCE + head),
        samples=samples,
        max_tokens=_LINE_TOKENS * _LINES,
        temperature=context.settings.generation.temperature * _COOLER,
        seed=context.seed,
        stop=("\n```", "\n\n"),
        grammar=grammar,
    )


def _prompt(target: Target) -> str:
    """The specification; the body only where nothing else says what the function should do."""
    definition = take_apart(target)
    if definition is None:
        shown = target.source
    elif definition.docstring:
        shown = definition.bare(definition.signature + definition.docstring)
    else:
        shown = definition.bare(definition.signature + definition.body)
    around = surroundings(target)
    told = f"The module has:\n\n{_FENCE}{around}\n```\n\n" if around else ""
    kind = f"method of `{target.class_name}`" if target.class_name else "function"
    return (
        f"{_EXAMPLE}{told}Now write tests of that form for this {kind}, usual cases and edge cases:\n\n"
        f"{_FENCE}{shown}```"
    )


def _heard(context: Context, model: Generator, request: Request) -> Iterator[TestCandidate]:
    target = context.target
    prefill = request.prompt.prefill if isinstance(request.prompt, Chat) else ""
    known = {normal_expression(e) for e in seen_calls(target)}
    found: dict[str, CallTest] = {}
    weights: dict[str, int] = {}
    for completion in sorted(model.generate(request, context.cancel), key=lambda c: c.index):
        if completion.finish == "cancelled":
            continue
        text = prefill.removeprefix(_FENCE) + completion.text
        for test in {t.key: t for t in _tests_in(text, target)}.values():
            if normal_expression(test.expression) not in known:
                found.setdefault(test.key, test)
                weights[test.key] = weights.get(test.key, 0) + 1
    for key in sorted(found, key=lambda k: -weights[k]):
        test = found[key]
        yield CallTest(
            key=key,
            expression=test.expression,
            expectation=test.expectation,
            origin=TestOrigin.MODEL,
            expected_text=test.expected_text,
            setup=test.setup,
            weight=float(weights[key]),
        )


def _tests_in(text: str, target: Target) -> Iterator[CallTest]:
    """The tests in an answer; a last line that was cut off does not count."""
    lines = text.split("\n")
    body: list[ast.stmt] = []
    while lines:
        try:
            body = quiet_parse("\n".join(line for line in lines)).body
            break
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            lines.pop()
    for test in checks(body, (), Names(), target, origin=TestOrigin.MODEL, trusted=False):
        node = parse_expression(test.expression)
        if node is None or not _is_call_of(node, target) or not _binds(node, target):
            continue
        if _RUNAWAY.search(test.expected_text) or _repeats_a_key(test.expected_text):
            continue
        if isinstance(test.expectation, Unknown) and not _is_value(test.expected_text):
            continue
        yield test


def _is_call_of(node: ast.expr, target: Target) -> bool:
    if target.kind == "property":
        return isinstance(node, ast.Attribute) and node.attr == target.name
    if not isinstance(node, ast.Call):
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return name == target.name and not any(mentions(a, target) for a in node.args)


def _repeats_a_key(text: str) -> bool:
    """`{'a': 1, 'a': 2}`: written by nobody who knew what to expect."""
    node = parse_expression(text)
    keys = [ast.dump(k) for k in node.keys if k is not None] if isinstance(node, ast.Dict) else []
    return len(keys) > len(set(keys))


def _is_value(text: str) -> bool:
    """Whether an expected side is one value by itself (`Decimal('1.5')`, `Color.RED`)."""
    node = parse_expression(text)
    return isinstance(node, (ast.Call, ast.Attribute, ast.List, ast.Tuple, ast.Dict, ast.Set))


def _binds(node: ast.expr, target: Target) -> bool:
    """Whether the arguments fit the signature at all."""
    if not isinstance(node, ast.Call):
        return True
    if any(isinstance(a, ast.Starred) for a in node.args) or any(k.arg is None for k in node.keywords):
        return True
    positional = [p for p in target.parameters if p.kind in ("positional_only", "positional_or_keyword")]
    kinds = {p.kind for p in target.parameters}
    if len(node.args) > len(positional) and "var_positional" not in kinds:
        return False
    given = {p.name for p in positional[: len(node.args)]}
    keywords = {k.arg for k in node.keywords if k.arg is not None}
    by_name = {p.name for p in target.parameters if p.kind in ("positional_or_keyword", "keyword_only")}
    if keywords & given or (keywords - by_name and "var_keyword" not in kinds):
        return False
    needed = {
        p.name for p in target.parameters if not p.default and p.kind not in ("var_positional", "var_keyword")
    }
    return needed <= given | keywords


def _exceptions(target: Target) -> tuple[str, ...]:
    """Exceptions that the docstring or the body speaks of; no others are worth a test."""
    tree_names = {
        part
        for word in (target.docstring + "\n" + target.source).replace("(", " ").replace(":", " ").split()
        if (part := word.strip("`.,*)")).endswith(("Error", "Exception")) and part.isidentifier()
    }
    return tuple(sorted(tree_names))

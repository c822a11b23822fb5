"""Whatever the model says under these grammars is a test that Python can read."""

from __future__ import annotations

import ast

import pytest

from genx_models import Chat, Request
from genx_models.grammars import Call, Slot, call_grammar, check_grammar

CART = [Call("Cart", (Slot("items"),)), Call("total", (Slot("rate", "float", optional=True),))]
FIXED = [
    Call(
        "f",
        (
            Slot("data", "bytes"),
            Slot("names", "set[str]"),
            Slot("point", "tuple[int, str]"),
            Slot("sizes", "'tuple[int, ...]'"),
            Slot("limit", "int | None"),
            Slot("mode", "Literal['a', \"b\"]", optional=True, keyword=True),
            Slot("table", "Optional[dict[str, list[float]]]", optional=True, keyword=True),
        ),
    )
]
LOOSE = [Call("g", (Slot("x", "Shape"), Slot("rest", "int", variadic=True), Slot("key", keyword=True)))]


@pytest.mark.parametrize(
    ("grammar", "prefill"),
    [
        (call_grammar(CART), ""),
        (call_grammar(FIXED, prefilled="f("), "f("),
        (call_grammar(LOOSE, lines=2), ""),
        (check_grammar(CART, returns="int", prefilled="assert Cart("), "assert Cart("),
        (check_grammar(FIXED, returns="None"), ""),
        (check_grammar(LOOSE, returns="", raises=(), lines=2), ""),
        (check_grammar([Call("Cart", ()), Call("size", None)], returns="bool"), ""),
        (check_grammar(CART, prefilled="with pytest.raises("), "with pytest.raises("),
    ],
    ids=range(8),
)
def test_every_sample_parses(small, grammar, prefill) -> None:
    prompt = Chat("Write tests for the class Cart and the functions f and g.", prefill=prefill)
    request = Request(prompt, samples=4, max_tokens=60, grammar=grammar, temperature=1.2)

    for completion in small.generate(request):
        if completion.finish == "end":
            for statement in ast.parse(prefill + completion.text).body:
                call_of(statement)


def call_of(statement: ast.stmt) -> ast.expr:
    """The call of the target that a line is about; its arguments must be literals."""
    if isinstance(statement, ast.With):
        statement = statement.body[0]
    if isinstance(statement, ast.Assert):
        assert isinstance(statement.test, ast.Compare)
        ast.literal_eval(statement.test.comparators[0])
        call = statement.test.left
    else:
        assert isinstance(statement, ast.Expr)
        call = statement.value
    for node in ast.walk(call):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            if ast.unparse(node) == "set()":
                continue
            for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
                ast.literal_eval(argument)
    return call

import msgspec

from genx_lsp.candidate import TestOrigin
from genx_lsp.config import Settings
from genx_lsp.propose import model_tests
from genx_sandbox import Raises, Returns, Unknown, Value

SOURCE = '''
from decimal import Decimal

def f(n: int, text: str = "x", *, flag: bool = False) -> int:
    """Double n.

    >>> f(2)
    4

    Raises ValueError if n is negative.
    """
    return 2 * n  # SECRET

class Item:
    def __init__(self, price: Decimal): ...

class Cart:
    def __init__(self, items: list[Item]): ...
    def total(self) -> Decimal:
        """Sum of prices."""
'''
FOUR = msgspec.structs.replace(Settings(), generation=msgspec.structs.replace(Settings().generation, tests=4))


def proposed(context, model, name="f"):
    return list(model_tests.propose(context(SOURCE, name, test_model=model, settings=FOUR)))


def test_asserted_calls_are_untrusted_tests_weighed_by_how_often_they_came(context, scripted) -> None:
    model = scripted(["3) == 6", "3)  ==  6\nassert f(0) == 0", "3) == 7"])
    tests = proposed(context, model)
    assert [(t.expression, t.expected_text, t.weight) for t in tests] == [
        ("f(3)", "6", 2.0),
        ("f(0)", "0", 1.0),
        ("f(3)", "7", 1.0),
    ]
    assert all(not t.trusted and t.origin is TestOrigin.MODEL for t in tests)
    assert tests[0].expectation == Returns(Value.of(6))


def test_raising_calls_count(context, scripted) -> None:
    model = scripted(["1) == 2\nwith pytest.raises(ValueError): f(-1)"])
    assert proposed(context, model)[1].expectation == Raises("ValueError")


def test_what_is_no_test_of_the_target_is_dropped(context, scripted) -> None:
    answers = ["1) == f(1)", "1, 'a', 'b') == 2", "k=1) == 2", "1) ==", "2) == 4", "1) == 10000000000000000"]
    assert proposed(context, scripted(answers[:4])) == []
    assert proposed(context, scripted(answers[4:])) == []


def test_a_grammar_holds_the_model_to_literal_calls(context, scripted) -> None:
    model = scripted()
    proposed(context, model)
    (request,) = model.requests
    assert request.grammar.startswith("root ::=") and "ValueError" in request.grammar
    assert request.prompt.prefill.endswith("assert f(")
    assert "Double n." in request.prompt.user and "SECRET" not in request.prompt.user


def test_targets_that_need_objects_are_written_for_freely(context, scripted) -> None:
    answer = (
        "Cart([Item(Decimal('1'))]).total() == Decimal('1')\n"
        "cart = Cart([])\nassert cart.total() == Decimal(0)"
    )
    model = scripted([answer])
    tests = proposed(context, model, "Cart.total")
    assert model.requests[0].grammar == ""
    assert [(t.expression, t.expectation, t.expected_text) for t in tests] == [
        ("Cart([Item(Decimal('1'))]).total()", Unknown(), "Decimal('1')"),
        ("Cart([]).total()", Unknown(), "Decimal(0)"),
    ]


def test_the_body_is_shown_only_where_there_is_no_description(context, scripted) -> None:
    model = scripted()
    bare = context("def f(n):\n    return 3 * n\n", "f", test_model=model, settings=FOUR)
    assert list(model_tests.propose(bare)) == []
    assert "return 3 * n" in model.requests[0].prompt.user


def test_nothing_without_a_model(context) -> None:
    assert proposed(context, None) == []

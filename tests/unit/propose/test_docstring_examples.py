import threading

from genx_lsp.propose import docstring_examples
from genx_sandbox import Approx, Raises, Returns, Unknown, Value

FUNCTION = '''
from decimal import Decimal

def price(amount, rate=1) -> Decimal:
    """Work out a price.

    >>> price(2)
    4
    >>> price(1.5, rate=2)
    Decimal('1.50')
    >>> import math
    >>> amount = [1, 2]
    >>> amount.append(math.inf)
    >>> price(amount)
    [1, 2]
    >>> price(-1)
    Traceback (most recent call last):
        ...
    ValueError: below zero (-1)
    >>> print(price(3))
    three
    >>> price(9)  # doctest: +SKIP
    1
    >>> price(8)  # doctest: +ELLIPSIS
    [1, ...]
    >>> price(7)
    <object at 0x1>
    """
'''


def found(context):
    return {t.expression: t for t in docstring_examples.propose(context)}


def test_doctest_examples_are_trusted_calls_with_their_expectations(context) -> None:
    tests = found(context(FUNCTION, "price"))
    assert all(t.trusted and t.origin.value == "docstring" for t in tests.values())
    assert tests["price(2)"].expectation == Returns(Value.of(4))
    assert tests["price(-1)"].expectation == Raises("ValueError", r"below zero \(-1\)")
    assert tests["str(price(3))"].expectation == Returns(Value.of("three"))
    assert not {"price(9)", "price(8)", "price(7)"} & tests.keys()


def test_an_expected_text_that_is_no_literal_is_left_to_be_evaluated(context) -> None:
    test = found(context(FUNCTION, "price"))["price(1.5, rate=2)"]
    assert (test.expectation, test.expected_text) == (Unknown(), "Decimal('1.50')")


def test_statements_before_a_call_become_its_setup_and_no_others(context) -> None:
    test = found(context(FUNCTION, "price"))["price(amount)"]
    assert test.setup == "import math\namount = [1, 2]\namount.append(math.inf)"
    assert found(context(FUNCTION, "price"))["price(2)"].setup == ""


def test_one_assignment_used_once_is_put_into_the_call(context) -> None:
    source = '''
    class Cart:
        """A cart.

        >>> Cart([1]).size()
        1
        """
        def total(self):
            """Add up.

            >>> from shop.pricing import Cart
            >>> c = Cart([1, 2])
            >>> c.total()
            3
            """
        def size(self): ...
    '''
    assert list(found(context(source, "Cart.total"))) == ["Cart([1, 2]).total()"]
    assert list(found(context(source, "Cart.size"))) == ["Cart([1]).size()"]


def test_examples_in_prose_count_where_they_parse(context) -> None:
    source = '''
    def f(n, m=0):
        """f(2) -> 4, and ``f(3) == 3.14``. Returns 8 for f(4). f(-1) raises ValueError.

        f(n) -> int; f(5) = m; f(6) is odd. f(7) => [1, 2]  # a list
        """
    '''
    tests = {k: t.expectation for k, t in found(context(source, "f")).items()}
    assert tests == {
        "f(2)": Returns(Value.of(4)),
        "f(3)": Approx(Value.of(3.14), rel=0.0, abs=0.005),
        "f(4)": Returns(Value.of(8)),
        "f(-1)": Raises("ValueError"),
        "f(7)": Returns(Value.of([1, 2])),
    }


def test_awaited_calls_are_left_to_the_sandbox_to_run(context) -> None:
    source = '''
    async def f(n):
        """
        >>> import asyncio
        >>> asyncio.run(f(1))
        2
        """
    '''
    test = found(context(source, "f"))["f(1)"]
    assert (test.setup, test.expectation) == ("", Returns(Value.of(2)))


def test_nothing_comes_after_cancelling(context) -> None:
    cancel = threading.Event()
    cancel.set()
    assert list(docstring_examples.propose(context(FUNCTION, "price", cancel=cancel))) == []

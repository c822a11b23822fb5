from textwrap import dedent

from genx_lsp.candidate import CallTest, ItemTest
from genx_lsp.propose import user_tests
from genx_sandbox import Approx, Raises, Returns, Unknown, Value

SOURCE = """
from decimal import Decimal

def f(a, b=0): ...

class Cart:
    def __init__(self, items=()): ...
    def add(self, item): self.items.append(item)
    def total(self): ...
    def pop(self): self.items.pop()
"""


def calls(context, text, name="f"):
    tests = user_tests.propose(context(SOURCE, name, tests_text={"tests/test_it.py": dedent(text)}))
    return [(t.setup, t.expression, t.expectation) for t in tests if isinstance(t, CallTest)]


def items(context, text, name="f"):
    tests = user_tests.propose(context(SOURCE, name, tests_text={"tests/test_it.py": dedent(text)}))
    return [t.node_id for t in tests if isinstance(t, ItemTest)]


def test_simple_assertions_become_trusted_calls_in_the_modules_own_names(context) -> None:
    text = """
    import pytest
    from shop.pricing import f as g
    from shop import pricing

    def test_f():
        assert g(1) == 2
        assert 3 == pricing.f(2)
        assert g(3) is None and not g(4)
        assert g(5) == pytest.approx(0.3, abs=0.1)
        assert g(6) < 7
        with pytest.raises(ValueError, match="bad"):
            g(-1)
    """
    assert calls(context, text) == [
        ("", "f(1)", Returns(Value.of(2))),
        ("", "f(2)", Returns(Value.of(3))),
        ("", "f(3)", Returns(Value.of(None))),
        ("", "bool(f(4))", Returns(Value.of(False))),
        ("", "f(5)", Approx(Value.of(0.3), rel=0.0, abs=0.1)),
        ("", "f(6) < 7", Returns(Value.of(True))),
        ("", "f(-1)", Raises("ValueError", "bad")),
    ]


def test_parametrised_tables_and_loops_are_unrolled(context) -> None:
    text = """
    import pytest
    from shop.pricing import f

    @pytest.mark.parametrize("b", [7])
    @pytest.mark.parametrize(("a", "out"), [(1, 2), pytest.param(3, 4, id="x")])
    def test_table(a, b, out):
        assert f(a, b) == out

    def test_loop():
        for n, out in [(1, "i"), (2, "ii")]:
            assert f(n) == out
    """
    assert [c[1] for c in calls(context, text)] == ["f(1, 7)", "f(3, 7)", "f(1)", "f(2)"]


def test_what_a_test_prepares_becomes_setup(context) -> None:
    text = """
    import datetime
    from decimal import Decimal
    from shop.pricing import Cart, f

    def test_total():
        cart = Cart()
        cart.add(Decimal(1))
        total = cart.total()
        assert total == Decimal(1)

    def test_foreign():
        assert f(datetime.date(2024, 1, 1)) == 1
    """
    assert calls(context, text, "Cart.total") == [
        ("cart = Cart()\ncart.add(Decimal(1))", "cart.total()", Unknown())
    ]
    assert calls(context, text)[0][:2] == ("import datetime", "f(datetime.date(2024, 1, 1))")


def test_a_call_that_changes_its_object_is_part_of_what_came_before_the_next(context) -> None:
    text = """
    from shop.pricing import Cart
    def test_pop():
        cart = Cart([1, 2])
        assert cart.pop() == 2
        assert cart.pop() == 1
    """
    assert [c[0] for c in calls(context, text, "Cart.pop")] == ["", "cart = Cart([1, 2])\ncart.pop()"]


def test_every_item_that_reaches_the_target_is_named_once(context) -> None:
    text = """
    import pytest
    from shop.pricing import f, Cart

    def test_f(tmp_path):
        assert f(str(tmp_path)) == 1

    def test_other():
        assert Cart().total() == 0

    @pytest.mark.skip
    def test_skipped():
        assert f(1) == 1

    class TestF:
        @pytest.mark.parametrize("n", range(3))
        def test_n(self, n):
            assert f(n) == n
    """
    assert items(context, text) == ["test_f", "TestF::test_n"]
    assert items(context, text, "Cart.total") == ["test_other"]
    assert calls(context, text) == []


def test_unittest_assertions_are_read_as_well(context) -> None:
    text = """
    import unittest
    from shop.pricing import f

    class FTest(unittest.TestCase):
        def test_f(self):
            self.assertEqual(f(1), 2)
            self.assertTrue(f(3))
            self.assertRaises(KeyError, f, 4)
    """
    assert [c[1] for c in calls(context, text)] == ["f(1)", "bool(f(3))", "f(4)"]
    assert items(context, text) == ["FTest::test_f"]


def test_the_same_name_from_elsewhere_is_not_the_target(context) -> None:
    text = """
    from other.place import f
    from shop import pricing
    def test_f():
        assert f(1) == 2
    """
    assert items(context, text) == []


def test_broken_test_files_are_passed_over(context) -> None:
    assert items(context, "from shop.pricing import f\ndef test_f(:\n") == []


def test_patches_and_fixtures_keep_a_test_an_item(context) -> None:
    text = """
    from unittest.mock import patch
    from shop.pricing import f

    @patch("shop.pricing.now")
    def test_patched(now):
        assert f(1) == 2

    def test_with():
        with patch("shop.pricing.now"):
            assert f(2) == 3
    """
    assert calls(context, text) == []
    assert items(context, text) == ["test_patched", "test_with"]


def test_a_result_kept_before_its_object_changed_is_asked_for_then(context) -> None:
    text = """
    from shop.pricing import Cart
    def test_total():
        cart = Cart([1])
        total = cart.total()
        cart.add(2)
        assert total == 1
        assert cart.total() == 3
    """
    assert [c[:2] for c in calls(context, text, "Cart.total")] == [
        ("", "Cart([1]).total()"),
        ("cart = Cart([1])\ntotal = cart.total()\ncart.add(2)", "cart.total()"),
    ]


def test_an_object_on_both_sides_is_compared_where_the_call_changed_it(context) -> None:
    text = """
    from shop.pricing import f

    def test_sorted_in_place():
        items = [3, 1]
        assert f(items) == items

    def test_by_way_of_another():
        last = [1]
        first = [2, last]
        assert f(first, first) == last

    def test_a_number_cannot_change():
        n = 5
        assert f(n, n) == n
    """
    assert calls(context, text) == [
        ("items = [3, 1]", "f(items) == items", Returns(Value.of(True))),
        ("last = [1]\nfirst = [2, last]", "f(first, first) == last", Returns(Value.of(True))),
        ("n = 5", "f(n, n)", Unknown()),
    ]

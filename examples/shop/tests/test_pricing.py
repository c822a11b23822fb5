import pytest

from shop.pricing import discounted, median_price, parse_price


def test_parse_price_with_a_dot():
    assert parse_price("0.99") == 99


def test_discounted_rounds_to_cents():
    assert discounted(9.99, 10) == pytest.approx(8.99)


@pytest.mark.parametrize(
    ("prices", "median"),
    [
        ([250], 250),
        ([300, 100, 200], 200),
        ([400, 100, 200, 300], 250),
    ],
)
def test_median_price(prices, median):
    assert median_price(prices) == median

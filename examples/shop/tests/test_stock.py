import pytest

from shop.stock import Level, OutOfStock, level, take


def test_level_of_a_full_shelf():
    assert level(80) is Level.GOOD


def test_take_leaves_the_rest():
    stock = {"tea": 3}
    assert take(stock, "tea", 2) == 1
    assert stock == {"tea": 1}


def test_take_more_than_there_is():
    with pytest.raises(OutOfStock):
        take({"tea": 1}, "tea", 2)

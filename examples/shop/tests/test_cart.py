from shop import Cart, Item


def test_total_of_an_empty_cart():
    assert Cart().total() == 0


def test_adding_the_same_thing_twice():
    cart = Cart([Item("tea", 250)])
    cart.add(Item("tea", 250, 2))
    assert cart.items == [Item("tea", 250, 3)]

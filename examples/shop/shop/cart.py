"""The cart and what lies in it."""

from collections.abc import Iterable
from dataclasses import dataclass

from .pricing import discounted


@dataclass
class Item:
    """So many pieces of one thing, at a price in cents each."""

    name: str
    price: int
    quantity: int = 1

    def cost(self) -> int:
        """Cents for all the pieces.

        >>> Item("tea", 250, 2).cost()
        500
        """
        return self.price * self.quantity


class Cart:
    """What a customer is about to buy."""

    def __init__(self, items: Iterable[Item] = ()) -> None:
        self.items = list(items)

    def add(self, item: Item) -> None:
        """Put an item in; more of what is in already raises its quantity."""
        for present in self.items:
            if (present.name, present.price) == (item.name, item.price):
                present.quantity += item.quantity
                return
        self.items.append(item)

    def total(self, percent: float = 0) -> float:
        """Euros for everything, after a discount in percent.

        >>> Cart([Item("tea", 250, 2), Item("milk", 120)]).total()
        6.2
        """
        return discounted(sum(item.cost() for item in self.items) / 100, percent)

"""A small shop: carts, prices, stock and the words on the shelves."""

from .cart import Cart, Item

__all__ = ["Cart", "Item"]

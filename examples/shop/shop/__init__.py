"""A small shop: carts, prices, stock and the words on the shelves."""

from .cart import Cart, EmptyCart, Item

__all__ = ["Cart", "EmptyCart", "Item"]

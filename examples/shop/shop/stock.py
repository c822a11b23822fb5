"""What is on the shelves."""

import smtplib
from collections.abc import Iterator
from enum import Enum


class Level(Enum):
    """How full a shelf is."""

    EMPTY = "empty"
    LOW = "low"
    GOOD = "good"


class OutOfStock(Exception):
    """More was asked for than there is."""


def level(count: int, low: int = 5) -> Level:
    """EMPTY at 0 and below, LOW up to and including `low`, GOOD above.

    >>> level(5)
    <Level.LOW: 'low'>
    """
    if count <= 0:
        return Level.EMPTY
    return Level.LOW if count <= low else Level.GOOD


def take(stock: dict[str, int], name: str, count: int = 1) -> int:
    """Take pieces off the shelf (`stock` is changed) and return how many are left.

    Raises OutOfStock if there are not enough, and then takes none.
    """
    left = stock.get(name, 0) - count
    if left < 0:
        raise OutOfStock(f"{name}: {count} wanted, {stock.get(name, 0)} there")
    stock[name] = left
    return left


def batches(names: list[str], size: int) -> Iterator[list[str]]:
    """The names in groups of `size`, in order; the last group may be smaller.

    >>> list(batches(["tea", "milk", "salt"], 2))
    [['tea', 'milk'], ['salt']]
    """
    for start in range(0, len(names), size):
        yield names[start : start + size]


async def available(stock: dict[str, int], names: list[str]) -> list[str]:
    """Those of the names of which there is at least one piece, in the same order."""
    return [name for name in names if stock.get(name, 0) > 0]


def announce(connection: smtplib.SMTP, name: str) -> None:
    """Tell the staff that something is back on the shelf."""
    connection.sendmail("shop@example.org", ["staff@example.org"], f"Subject: {name} is back\n\n")

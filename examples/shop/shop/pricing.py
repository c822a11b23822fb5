"""What things cost."""

import re


class PriceError(ValueError):
    """A text that is no price."""


def parse_price(text: str) -> int:
    """Cents, from a price as people write it: with a comma or a dot, with or without the euro sign.

    >>> parse_price("12,50 €")
    1250
    >>> parse_price("3")
    300

    Raises PriceError for anything else.
    """
    match = re.fullmatch(r"(\d+)(?:[.,](\d{1,2}))?\s*€?", text.strip())
    if match is None:
        raise PriceError(f"not a price: {text!r}")
    euros, cents = match.groups(default="")
    return int(euros) * 100 + int(cents.ljust(2, "0"))


def discounted(price: float, percent: float) -> float:
    """The price after a discount in percent, rounded to two decimals.

    >>> discounted(80.0, 25)
    60.0

    Raises ValueError unless the percentage lies between 0 and 100.
    """
    if not 0 <= percent <= 100:
        raise ValueError(f"a discount of {percent} % makes no sense")
    return round(price * (100 - percent) / 100, 2)


def median_price(prices: list[int]) -> float:
    """The median of the prices: the middle one, or the mean of the two in the middle.

    The list may be in any order and stays as it is. Raises ValueError if it is empty.
    """
    if not prices:
        raise ValueError("no prices")
    ordered = sorted(prices)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) // 2

"""The parent's judgement: an outcome held against an expectation the child never saw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

from genx_sandbox.values import Value


@dataclass(frozen=True)
class Returns:
    """The call returns this value. `exact` tells int, float and bool apart; else Python's `==` decides."""

    value: Value
    exact: bool = False


@dataclass(frozen=True)
class Approx:
    """The call returns numbers near this value, by `pytest.approx`'s rule."""

    value: Value
    rel: float = 1e-6
    abs: float = 1e-12


@dataclass(frozen=True)
class Raises:
    """The call raises this exception type or a subclass; `match` is a regular expression searched for."""

    type_name: str
    """Bare (`ValueError`) or dotted (`shop.errors.OutOfStock`)."""
    match: str | None = None


@dataclass(frozen=True)
class Leaves:
    """The call leaves its arguments (positional, then keyword) like this."""

    arguments: tuple[Value, ...]


@dataclass(frozen=True)
class Unknown:
    """Nothing is expected yet: agreement or observation fills it later."""


Expectation = Union[Returns, Approx, Raises, Leaves, Unknown]

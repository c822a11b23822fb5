"""Expressions that become arguments: put together, in turns, each once."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Argument:
    """An expression and the imports it needs beyond the module's own names."""

    text: str
    setup: tuple[str, ...] = ()


def contents(items: Sequence[Argument]) -> list[list[Argument]]:
    """Contents for a collection: a few, none, one, with repeats, out of order, more."""
    few = list(items[:3])
    return [few, [], few[:1], [*few, *few[:1]], few[::-1], list(items[3:6]) or few[:2], list(items[:8])]


def join(parts: Sequence[Argument], before: str, after: str) -> Argument:
    """One expression of several, between brackets; of none, the comma that makes a tuple is left out."""
    setup = tuple(dict.fromkeys(itertools.chain.from_iterable(p.setup for p in parts)))
    return Argument(
        before + ", ".join(p.text for p in parts) + (after if parts or after != ",)" else ")"), setup
    )


def interleave(columns: Sequence[Sequence[Argument]]) -> list[Argument]:
    """The first of each column, then the second of each, and so on."""
    longest = itertools.zip_longest(*columns)
    return [a for row in longest for a in row if a is not None]


def distinct(values: Iterable[Argument]) -> list[Argument]:
    """Each text once, where it came first, with the imports it came with last."""
    return list({v.text: v for v in values}.values())

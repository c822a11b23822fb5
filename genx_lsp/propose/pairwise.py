"""Rows of indices that meet every pair of choices, without the full product."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence


def rows(sizes: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Yield rows with `row[i] < sizes[i]`, lowest indices first, until every pair of values has met once.

    Greedy and deterministic: each row starts from the pair not yet met whose indices are lowest, and
    fills the other columns with what meets most pairs.
    """
    if not sizes:
        yield ()
        return
    if min(sizes) == 0:
        return
    yield (0,) * len(sizes)
    if len(sizes) == 1:
        yield from ((i,) for i in range(1, sizes[0]))
        return
    left: dict[tuple[int, int, int, int], None] = {}
    for one, two in itertools.combinations(range(len(sizes)), 2):
        for i, j in itertools.product(range(sizes[one]), range(sizes[two])):
            left[one, i, two, j] = None
    _meet(left, (0,) * len(sizes))
    # Sorted once: what has low indices in both columns comes first, edges against edges last.
    for met in sorted(left, key=lambda p: (p[1] + p[3], max(p[1], p[3]), p)):
        if met not in left:
            continue
        row = [-1] * len(sizes)
        row[met[0]], row[met[2]] = met[1], met[3]
        for column, size in enumerate(sizes):
            if row[column] < 0:
                gains = [_gain(left, row, column, value) for value in range(size)]
                row[column] = gains.index(max(gains))
        _meet(left, tuple(row))
        yield tuple(row)


def _gain(left: dict[tuple[int, int, int, int], None], row: list[int], column: int, value: int) -> int:
    gain = 0
    for other, chosen in enumerate(row):
        if chosen >= 0 and other != column:
            pair = (other, chosen, column, value) if other < column else (column, value, other, chosen)
            gain += pair in left
    return gain


def _meet(left: dict[tuple[int, int, int, int], None], row: tuple[int, ...]) -> None:
    for one, two in itertools.combinations(range(len(row)), 2):
        left.pop((one, row[one], two, row[two]), None)

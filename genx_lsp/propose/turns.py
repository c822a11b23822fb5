"""Fair order: one of each group, then the second of each."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def in_turns(groups: Iterable[Iterable[T]]) -> Iterator[T]:
    """One of each group, then the second of each, and so on."""
    waiting = deque(iter(group) for group in groups)
    while waiting:
        group = waiting.popleft()
        try:
            yield next(group)
        except StopIteration:
            continue
        waiting.append(group)

"""`lru_cache` for what is read from sources: all of it can be let go of at once, while nobody is at work."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from functools import _lru_cache_wrapper

T = TypeVar("T")
_all: list[_lru_cache_wrapper[Any]] = []


def remembered(maxsize: int) -> Callable[[Callable[..., T]], _lru_cache_wrapper[T]]:
    """Keep the results of the last `maxsize` different calls, until `forget`."""

    def decorate(function: Callable[..., T]) -> _lru_cache_wrapper[T]:
        cached = lru_cache(maxsize)(function)
        _all.append(cached)
        return cached

    return decorate


def forget() -> None:
    """Let go of all that is remembered; what is asked again is worked out again."""
    for cached in _all:
        cached.cache_clear()

"""What this machine's memory and arithmetic allow, measured now: a decode is bound by one or the other."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

_MEGABYTES = 128
_SIDE = 1024


@dataclass(frozen=True)
class Limits:
    """`bandwidth`: bytes a second read from memory. `arithmetic`: float32 operations a second."""

    bandwidth: float
    arithmetic: float

    def tokens_per_second(self, model_bytes: int, parameters: int, sequences: int) -> float:
        """The roofline: each step reads the model once, and makes two operations a weight and sequence.

        After Williams, Waterman and Patterson, "Roofline" (CACM 2009).
        """
        step = max(model_bytes / self.bandwidth, 2.0 * parameters * sequences / self.arithmetic)
        return sequences / step


def measured(threads: int) -> Limits:
    """The best of several tries, as anything else on the machine only takes away. Some seconds."""
    parts = [np.ones(_MEGABYTES * 1024 * 1024 // 8 // threads) for _ in range(threads)]
    read = sum(part.nbytes for part in parts)
    with ThreadPoolExecutor(threads) as pool:
        bandwidth = max(read / _seconds(lambda: list(pool.map(np.max, parts))) for _ in range(5))
    a = np.random.default_rng(0).random((_SIDE, _SIDE), dtype=np.float32)
    arithmetic = max(2.0 * _SIDE**3 / _seconds(lambda: a @ a) for _ in range(5))
    return Limits(bandwidth, arithmetic)


def _seconds(what: Callable[[], object]) -> float:
    began = time.perf_counter()
    what()
    return time.perf_counter() - began

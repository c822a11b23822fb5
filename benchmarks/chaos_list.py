"""The trials by name, as the files that hold them are imported."""

from __future__ import annotations

from collections.abc import Callable

from chaos_ground import Ground

Trial = Callable[[Ground], None]
TRIALS: dict[str, Trial] = {}
LONG: set[str] = set()
"""Trials that wait for a time that cannot be shortened; left out with `--quick`."""


def trial(name: str, long: bool = False) -> Callable[[Trial], Trial]:
    """Note a function as the trial of that name."""

    def note(function: Trial) -> Trial:
        TRIALS[name] = function
        if long:
            LONG.add(name)
        return function

    return note

"""The two consoles: results on stdout, everything else on stderr."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress


@cache
def out() -> Console:
    """Results. Long lines are left to the terminal where the output goes into a file or a pipe."""
    from rich.console import Console

    console = Console(highlight=False, markup=False)
    return console if console.is_terminal else Console(highlight=False, markup=False, width=120)


@cache
def err() -> Console:
    """Progress, warnings and hints."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, markup=False)


def warn(sentences: Iterable[object]) -> None:
    """Print each as a warning on stderr."""
    for sentence in sentences:
        err().print(f"warning: {sentence}", style="yellow", soft_wrap=True)


def steps_of_work() -> Progress:
    """A line of progress on stderr that is gone at the end: what is done, how much of it, for how long."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
    from rich.progress import TimeElapsedColumn as Elapsed

    said = TextColumn("{task.description}", markup=False)
    columns = (SpinnerColumn(), said, BarColumn(bar_width=20), MofNCompleteColumn(), Elapsed())
    return Progress(*columns, console=err(), transient=True)

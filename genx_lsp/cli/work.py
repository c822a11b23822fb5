"""Targets worked on one after another in a terminal: live progress on stderr, Ctrl-C cancels cleanly."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from genx_lsp.cli.terminal import err, steps_of_work, warn
from genx_lsp.cli.wording import counts, where

if TYPE_CHECKING:
    from types import FrameType

    from genx_lsp.config import Settings
    from genx_lsp.engine import Engine
    from genx_lsp.feedback import FeedbackStore
    from genx_lsp.findings import Findings
    from genx_lsp.target import Target

Want = Literal["tests", "fixes", "both"]


@contextmanager
def opened(path: Path, settings: Settings) -> Iterator[tuple[Engine, FeedbackStore | None]]:
    """An engine for the project around `path`, and the feedback store unless it is switched off.

    Raises `Unavailable` where nothing can be run.
    """
    from genx_lsp.engine import Models, open_engine
    from genx_lsp.feedback import FeedbackStore

    with ExitStack() as stack:
        store = None
        if settings.feedback:
            store = FeedbackStore()
            stack.callback(store.close)
            warn(store.warnings)
        models = Models()
        stack.callback(models.close)
        if store is None:
            engine = open_engine(path, settings, models)
        else:
            engine = open_engine(path, settings, models, anchors=store.anchors)
        stack.callback(engine.close)
        yield engine, store


@contextmanager
def cancelled_by_ctrl_c(also: Callable[[], None] = lambda: None) -> Iterator[threading.Event]:
    """An event that the first Ctrl-C sets, so that work ends in order; the second one breaks off.

    `also` is called with it, from the signal handler.
    """
    cancel = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        if cancel.is_set():
            raise KeyboardInterrupt
        cancel.set()
        also()

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield cancel
    finally:
        signal.signal(signal.SIGINT, before)


def work(
    engine: Engine,
    targets: Iterable[Target],
    want: Want,
    cancel: threading.Event,
    root: Path,
    total: int | None = None,
) -> Iterator[Findings]:
    """The final findings of each target, in order, with progress on stderr. Ends early once cancelled.

    `total` says how many targets there are where `targets` cannot.
    """
    console = err()
    with steps_of_work() as progress:
        if total is None and isinstance(targets, Sized):
            total = len(targets)
        task = progress.add_task("", total=total)
        for target in targets:
            place = where(target, root)
            final = None
            for findings in engine.work(target, want, cancel):
                activity = f": {findings.activity}" if findings.activity else ""
                progress.update(task, description=f"{place}{activity}  {counts(findings)}".rstrip())
                if findings.stage == "final":
                    final = findings
            if cancel.is_set() or final is None:
                return
            progress.advance(task)
            if not console.is_terminal:
                # Nobody watches a spinner in a log: one line a function instead.
                line = f"{place}: {counts(final) or 'nothing to suggest'} ({final.seconds:.1f} s)"
                console.print(line, soft_wrap=True)
            yield final

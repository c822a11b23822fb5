"""What became of suggestions, for the feedback store: written in a lane, never on the loop."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from genx_lsp.candidate import CallTest
from genx_lsp.findings import Findings
from genx_lsp.session.lane import Lane
from genx_lsp.target import Target

if TYPE_CHECKING:
    from genx_lsp.feedback import FeedbackStore

_log = logging.getLogger(__name__)

Event = Literal["accepted", "edited", "dismissed", "undone"]


class Journal:
    """Feeds the feedback store. What goes wrong there is logged and never stops the work."""

    def __init__(self, lane: Lane, path: Path | None = None) -> None:
        self._lane = lane
        self._path = path
        self._store: FeedbackStore | None = None

    def shown(self, findings: Findings) -> None:
        """The user can see these."""
        self._later(lambda store: store.shown(findings))

    def record(self, suggestion_ids: Sequence[str], event: Event, detail: str = "") -> None:
        """The user has reacted."""

        def write(store: FeedbackStore) -> None:
            for suggestion_id in suggestion_ids:
                store.record(suggestion_id, event, detail)

        self._later(write)

    def anchors(self, target: Target) -> Sequence[CallTest]:
        """Tests of this function that the user took before. Called in the job thread; waits its turn."""
        try:
            return self._lane.submit(lambda: self._open().anchors(target)).result(timeout=10)
        except Exception:
            # Without the accepted tests a job knows less, and can still be done.
            _log.exception("Accepted tests could not be read.")
            return ()

    def close(self) -> None:
        """Write what waits and close the file. The lane must still run."""
        if self._store is not None:
            self._lane.submit(self._store.close)

    def _later(self, write: Callable[[FeedbackStore], None]) -> None:
        def work() -> None:
            try:
                write(self._open())
            except Exception:
                # Feedback is worth less than the work it tells of: no fault in it may stop a job.
                _log.exception("Feedback could not be kept.")

        self._lane.submit(work)

    def _open(self) -> FeedbackStore:
        if self._store is None:
            from genx_lsp.feedback import FeedbackStore

            self._store = FeedbackStore(self._path)
            for warning in self._store.warnings:
                _log.warning("%s", warning)
        return self._store

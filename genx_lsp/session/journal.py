"""What became of suggestions, for the feedback store: written in a lane, never on the loop."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from genx_lsp.candidate import CallTest
from genx_lsp.errors import GenxError
from genx_lsp.findings import Findings, TestFilePlan
from genx_lsp.session.lane import Lane
from genx_lsp.source_text import decode, normalise
from genx_lsp.target import Target

if TYPE_CHECKING:
    from genx_lsp.feedback import FeedbackStore

_log = logging.getLogger(__name__)

T = TypeVar("T")
Event = Literal["accepted", "edited", "dismissed", "undone"]


class Journal:
    """Feeds the feedback store. What goes wrong there is logged and never stops the work."""

    def __init__(self, lane: Lane, path: Path | None = None) -> None:
        self._lane = lane
        self._path = path
        self._store: FeedbackStore | None = None
        self._looked: set[Path] = set()
        """Files whose tests are followed since they were written or looked at in this session."""

    def shown(self, findings: Findings) -> None:
        """The user can see these."""
        self._later(lambda store: store.shown(findings))

    def record(self, suggestion_ids: Sequence[str], event: Event, detail: str = "") -> None:
        """The user has reacted."""

        def write(store: FeedbackStore) -> None:
            for suggestion_id in suggestion_ids:
                store.record(suggestion_id, event, detail)

        self._later(write)

    def wrote(self, plan: TestFilePlan) -> None:
        """The user took these tests, and they were written."""

        def write(store: FeedbackStore) -> None:
            from genx_lsp.feedback import WrittenTest, functions_in

            texts = functions_in(normalise(plan.new_text)) or {}
            store.wrote(
                [
                    WrittenTest(plan.path, name, texts.get(name, ""), names)
                    for name, names in zip(plan.added, plan.suggestions, strict=False)
                ]
            )

        self._looked.add(plan.path)
        self._later(write)

    def look_again(self, path: Path, text: str | None = None) -> None:
        """A file was saved with this text, or changed on disk (None): tests in it may be edited or gone."""
        self._looked.add(path)
        self._later(lambda store: store.look_again(path, _on_disk(path) if text is None else normalise(text)))

    def silence(self, target: Target, what: str) -> None:
        """Nothing more is to be said of a function, or not this."""
        self._later(lambda store: store.silence(target.path, target.qualified_name, what))

    def restore(self, target: Target) -> None:
        """Every dismissal of a function is taken back."""
        self._later(lambda store: store.restore(target.path, target.qualified_name))

    def hidden(self, target: Target) -> tuple[frozenset[str], frozenset[str]]:
        """Suggestions, and suspicions, that were dismissed. Waits its turn: never call it on the loop."""
        nothing: frozenset[str] = frozenset()
        return self._ask(lambda store: (store.dismissed(target), store.silenced(target)), (nothing, nothing))

    def anchors(self, target: Target) -> Sequence[CallTest]:
        """Tests of this function that the user took before and kept. Waits its turn, as `hidden` does."""

        def read(store: FeedbackStore) -> Sequence[CallTest]:
            for path in store.written_to(target):
                # What happened to them before this session nobody has seen.
                if path not in self._looked:
                    self._looked.add(path)
                    store.look_again(path, _on_disk(path))
            return store.anchors(target)

        return self._ask(read, ())

    def close(self) -> None:
        """Write what waits and close the file. The lane must still run."""
        if self._store is not None:
            self._lane.submit(self._store.close)

    def _ask(self, read: Callable[[FeedbackStore], T], otherwise: T) -> T:
        try:
            return self._lane.submit(lambda: read(self._open())).result(timeout=10)
        except Exception:
            # Without what the user did before a job knows less, and can still be done.
            _log.exception("Feedback could not be read.")
            return otherwise

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


def _on_disk(path: Path) -> str | None:
    """A file's text; None where there is none that can be read."""
    try:
        return decode(path).text
    except GenxError:
        return None

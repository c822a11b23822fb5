"""What a save has changed: the functions of the new text held against those of the last."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from genx_lsp.discovery import changed_targets, find_targets
from genx_lsp.errors import GenxError
from genx_lsp.project import Project, discover
from genx_lsp.session.documents import Snapshot, key
from genx_lsp.source_text import decode
from genx_lsp.target import Target

_TRIES, _PAUSE = 5, 0.02
"""Between emptying a file and filling it lie microseconds, on a busy machine more."""


@dataclass(frozen=True)
class Survey:
    """The functions of one snapshot."""

    snapshot: Snapshot
    project: Project | None = None
    targets: tuple[Target, ...] = ()
    changed: tuple[Target, ...] = ()
    """Those whose definition differs from the last survey's."""
    problem: str = ""
    """Why nothing can be said, as a sentence: the text does not parse, the interpreter is missing."""


class Surveyor:
    """Remembers each document's last functions. Runs in a lane, never on the loop."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Target, ...]] = {}

    def baseline(self, path: Path, snapshot: Snapshot) -> None:
        """A document was opened: what both it and its file hold counts as known.

        An editor may open a document with unsaved changes of an earlier day, and the file may have been
        saved again before it is looked at here; what differs is new either way.
        """
        if key(snapshot.uri) in self._known:
            return
        opened = _targets(path, snapshot.text)
        with suppress(GenxError):
            on_disk = _on_disk(path, snapshot)
            if on_disk != snapshot.text:
                known = _targets(path, on_disk)
                new = set(changed_targets(known, opened))
                opened = tuple(t for t in opened if t not in new) if opened else known
        self._known[key(snapshot.uri)] = opened

    def survey(self, path: Path, snapshot: Snapshot, interpreter: str) -> Survey:
        """A document was saved. Text that does not parse keeps what was known."""
        try:
            project = discover(path, interpreter)
            targets = find_targets(path, snapshot.text, project)
        except GenxError as error:
            return Survey(snapshot, problem=str(error))
        changed = changed_targets(self._known.get(key(snapshot.uri), ()), targets)
        self._known[key(snapshot.uri)] = targets
        return Survey(snapshot, project, targets, changed)

    def forget(self, uri: str) -> None:
        """A document was closed."""
        self._known.pop(key(uri), None)


def _on_disk(path: Path, snapshot: Snapshot) -> str:
    """What a file holds. Who writes in place empties it first, so one found empty is read again."""
    text = decode(path).text
    for _ in range(_TRIES if snapshot.text else 0):
        if text:
            break
        time.sleep(_PAUSE)
        text = decode(path).text
    return text


def _targets(path: Path, text: str) -> tuple[Target, ...]:
    """The functions of a text; none where it does not parse."""
    try:
        return find_targets(path, text, discover(path))
    except GenxError:
        return ()


def read_snapshot(uri: str, path: Path) -> Snapshot:
    """A document that is not open, from disk. Raises `GenxError`."""
    return Snapshot(uri, None, decode(path).text)
